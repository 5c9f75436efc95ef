//! control_drv: echoes output and control data, outputs control data, becomes busy. One port at a time.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

use erl_driver::{Control, Driver, InitFailed, Locking, Port, Refusal, Replied};

const ECHO: u32 = 'e' as u32;
const BUSY: u32 = 'b' as u32;
const OUTPUT: u32 = 'i' as u32;

static OPEN: AtomicBool = AtomicBool::new(false);

struct Controlled;

impl Driver for Controlled {
    const LOCKING: Locking = Locking::Driver;

    fn init() -> Result<(), InitFailed> {
        OPEN.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        if OPEN.swap(true, Ordering::Relaxed) {
            return Err(Refusal::General);
        }
        Ok(Controlled)
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        port.output(data);
    }

    fn stop(self, _port: &Port<'_>) {
        OPEN.store(false, Ordering::Relaxed);
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        match operation {
            ECHO => reply.bytes(body),
            BUSY => {
                port.set_busy(body.first().is_some_and(|on| *on != 0));
                reply.bytes(b"")
            }
            OUTPUT => {
                port.output(body);
                reply.bytes(b"")
            }
            ..256 => reply.badarg(),
            _ => reply.bytes(&operation.to_be_bytes()),
        }
    }
}

erl_driver::driver!(Controlled: init, start, stop, output, control);
