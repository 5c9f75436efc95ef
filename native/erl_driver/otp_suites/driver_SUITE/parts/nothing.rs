//! A driver that does nothing.

use erl_driver::{BareDriver, BareEntry};

/// It has no callbacks.
pub struct Nothing;

impl BareDriver for Nothing {}

/// Its entry.
pub fn entry() -> BareEntry<Nothing> {
    BareEntry::new(env!("CARGO_CRATE_NAME"))
}
