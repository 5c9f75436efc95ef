//! Terms in the external term format: what each is read and written as, what is refused, and how it is said.

mod forms;
mod hostile;
mod mapping;
mod oracle;
mod random;
mod refusals;
mod service;

use linkspan::etf::{self, Term};

/// Bytes of a term, behind the version byte.
fn versioned(term: &[u8]) -> Vec<u8> {
    [&[131], term].concat()
}

fn term(bytes: &[u8]) -> Term<'_> {
    etf::from_slice(bytes).unwrap_or_else(|error| panic!("{bytes:?}: {error}"))
}
