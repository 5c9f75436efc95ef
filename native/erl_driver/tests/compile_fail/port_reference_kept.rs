//! Nor can a reference to it be kept.
use erl_driver::{Driver, Port, Refusal};

struct Keeper {
    port: &'static Port<'static>,
}

// SAFETY: none; it is sent so that only the lifetime is wrong.
unsafe impl Send for Keeper {}

impl Driver for Keeper {
    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Keeper { port })
    }
}

fn main() {}
