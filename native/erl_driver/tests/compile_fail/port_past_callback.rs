//! A port's context ends with its callback.
use erl_driver::{Driver, Port, Refusal};

struct Keeper {
    port: Port<'static>,
}

impl Driver for Keeper {
    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Keeper { port: *port })
    }
}

fn main() {}
