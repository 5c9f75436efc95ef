//! echo_drv_fail_init: an `echo_drv` whose `init` fails, so that it cannot be loaded.
#![forbid(unsafe_code)]

use erl_driver::{Call, Driver, InitFailed, Locking, Port, Refusal, Replied};

struct Echo;

impl Driver for Echo {
    const LOCKING: Locking = Locking::Driver;

    fn init() -> Result<(), InitFailed> {
        Err(InitFailed)
    }

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

erl_driver::driver!(Echo, "echo_drv": init, start, output, call);
