//! caller_drv: tells which process called which callback. Whether it has `outputv` is decided when it is loaded.
#![forbid(unsafe_code)]

use std::ffi::CStr;

use erl_driver::{Call, Control, Driver, Entry, Port, Refusal, Replied, Terms, Vector, env};

struct Caller;

fn load() -> Entry<Caller> {
    let entry = Entry::new("caller_drv").output().control().call();
    match env::get(c"CALLER_DRV_USE_OUTPUTV").as_deref().map(CStr::to_bytes) {
        Some(b"true") => entry.outputv(),
        _ => entry,
    }
}

fn send_caller(port: &Port<'_>, callback: &CStr) {
    let Some(caller) = port.caller() else { return port.fail_atom(c"no caller") };
    let message =
        Terms::new().atom(port.atom(c"caller")).port(port.id()).atom(port.atom(callback)).pid(caller).tuple(4);
    if port.id().output(message).is_err() {
        port.fail_atom(c"erl_drv_output_term failed");
    }
}

impl Driver for Caller {
    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        send_caller(port, c"start");
        Ok(Caller)
    }

    fn output(&mut self, port: &Port<'_>, _data: &[u8]) {
        send_caller(port, c"output");
    }

    fn outputv(&mut self, port: &Port<'_>, _vector: &Vector<'_>) {
        send_caller(port, c"outputv");
    }

    fn control<'a>(&mut self, port: &Port<'_>, _operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        send_caller(port, c"control");
        reply.bytes(b"")
    }

    fn call<'a>(&mut self, port: &Port<'_>, _operation: u32, term: &[u8], reply: Call<'a>) -> Replied<'a> {
        send_caller(port, c"call");
        reply.bytes(term)
    }
}

erl_driver::driver!(load);
