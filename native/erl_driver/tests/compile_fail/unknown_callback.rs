//! `driver!` knows the callbacks there are.
use erl_driver::{Driver, Port, Refusal};

struct Echo;

impl Driver for Echo {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Echo)
    }
}

erl_driver::driver!(Echo, "echo_drv": contrl);

fn main() {}
