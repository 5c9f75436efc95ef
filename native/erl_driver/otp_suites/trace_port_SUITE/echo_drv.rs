//! echo_drv of trace_port_SUITE: a tracer. Its control operations may be heavy, and it may end while it is used.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

use erl_driver::{Control, Driver, InitFailed, Locking, Port, Refusal, Replied};

const EINTR: i32 = 4;

static OPEN: AtomicBool = AtomicBool::new(false);

enum Heavy {
    Off,
    /// From the next output on.
    Set,
    /// Until the next output.
    Reset,
}

struct Echo {
    heavy: Heavy,
    crash: bool,
}

impl Driver for Echo {
    const LOCKING: Locking = Locking::Driver;

    fn init() -> Result<(), InitFailed> {
        OPEN.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        if OPEN.swap(true, Ordering::Relaxed) {
            return Err(Refusal::General);
        }
        Ok(Echo { heavy: Heavy::Off, crash: false })
    }

    fn stop(self, _port: &Port<'_>) {
        OPEN.store(false, Ordering::Relaxed);
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        if self.crash {
            return port.fail_posix(EINTR);
        }
        port.output(data);
        self.heavy = match self.heavy {
            Heavy::Off => Heavy::Off,
            Heavy::Set => {
                port.set_heavy(true);
                Heavy::Reset
            }
            Heavy::Reset => {
                port.set_heavy(false);
                Heavy::Off
            }
        };
    }

    fn control<'a>(&mut self, _port: &Port<'_>, operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        match char::from_u32(operation) {
            Some('h') => self.heavy = Heavy::Set,
            Some('c') => self.crash = true,
            _ => {}
        }
        reply.bytes(b"")
    }
}

erl_driver::driver!(Echo, "echo_drv": init, start, stop, output, control);
