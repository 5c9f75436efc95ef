//! echo_drv: echoes output and calls.
#![forbid(unsafe_code)]

use erl_driver::{Call, Driver, Locking, Port, Refusal, Replied};

struct Echo;

impl Driver for Echo {
    const LOCKING: Locking = Locking::Driver;

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Echo)
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        port.output(data);
    }

    fn call<'a>(&mut self, _port: &Port<'_>, _operation: u32, _term: &[u8], reply: Call<'a>) -> Replied<'a> {
        reply.same()
    }
}

erl_driver::driver!(Echo, "echo_drv": start, output, call);
