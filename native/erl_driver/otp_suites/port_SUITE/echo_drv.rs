//! echo_drv of port_SUITE: echoes output, and its argument from within `start`. With `ECHO_DRV_USE_OUTPUTV` in the
//! environment it takes vectors, and does nothing with them.
#![forbid(unsafe_code)]

use std::ffi::CStr;

use erl_driver::{Call, Control, Driver, Entry, Locking, Port, Refusal, Replied, Vector, env};

struct Echo;

fn load() -> Entry<Echo> {
    let entry = Entry::new("echo_drv").output().finish().control().call();
    match env::get(c"ECHO_DRV_USE_OUTPUTV").as_deref().map(CStr::to_bytes) {
        Some(b"true") => entry.outputv(),
        _ => entry,
    }
}

impl Driver for Echo {
    const LOCKING: Locking = Locking::Driver;

    /// `echo_drv -argument`
    fn start(port: &Port<'_>, command: &[u8]) -> Result<Self, Refusal> {
        let mut words = command.splitn(2, |byte| *byte == b' ');
        let argument = words.nth(1).map(<[u8]>::trim_ascii_start);
        if let Some([b'-', argument @ ..]) = argument {
            port.output(argument);
        }
        Ok(Echo)
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        port.output(data);
    }

    fn control<'a>(&mut self, _port: &Port<'_>, _operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        reply.bytes(b"")
    }

    fn outputv(&mut self, _port: &Port<'_>, _vector: &Vector<'_>) {}

    /// `[]` in the external format.
    fn call<'a>(&mut self, _port: &Port<'_>, _operation: u32, _term: &[u8], reply: Call<'a>) -> Replied<'a> {
        reply.bytes(&[131, 106])
    }
}

erl_driver::driver!(load);
