//! otp_6879_drv: `port_call/3` gives its argument back, from many processes at once and larger than the VM's buffer.
//! There is no `start`.
#![forbid(unsafe_code)]

use erl_driver::{BareDriver, Call, Replied};

struct Echo;

impl BareDriver for Echo {
    fn call<'a>(_operation: u32, term: &[u8], reply: Call<'a>) -> Replied<'a> {
        reply.bytes(term)
    }
}

erl_driver::bare_driver!(Echo: call);
