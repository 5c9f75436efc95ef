//! lock_drv: an echo driver that stays loaded for good once a port of it is opened.
#![forbid(unsafe_code)]

use erl_driver::{Call, Driver, Locking, Port, Refusal, Replied};

struct Lock;

impl Driver for Lock {
    const LOCKING: Locking = Locking::Driver;

    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        port.lock_driver();
        Ok(Lock)
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        port.output(data);
    }

    fn call<'a>(&mut self, port: &Port<'_>, _operation: u32, _term: &[u8], reply: Call<'a>) -> Replied<'a> {
        port.lock_driver();
        reply.same()
    }
}

erl_driver::driver!(Lock: start, output, call);
