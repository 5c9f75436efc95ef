//! otp_6879_drv: `port_call/3` gives its argument back, from many processes at once and larger than the VM's buffer.
#![forbid(unsafe_code)]

use erl_driver::{Control, Driver, Port, Refusal, Replied};

struct Echo;

impl Driver for Echo {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Echo)
    }

    fn call<'a>(&mut self, _port: &Port<'_>, _operation: u32, term: &[u8], reply: Control<'a>) -> Replied<'a> {
        reply.bytes(term)
    }
}

erl_driver::driver!(Echo, "otp_6879_drv": call);
