//! dummy_drv: echoes output. One port at a time.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

use erl_driver::{Driver, InitFailed, Locking, Port, Refusal};

static OPEN: AtomicBool = AtomicBool::new(false);

struct Dummy;

impl Driver for Dummy {
    const LOCKING: Locking = Locking::Driver;

    fn init() -> Result<(), InitFailed> {
        OPEN.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        if OPEN.swap(true, Ordering::Relaxed) {
            return Err(Refusal::General);
        }
        Ok(Dummy)
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        port.output(data);
    }

    fn stop(self, _port: &Port<'_>) {
        OPEN.store(false, Ordering::Relaxed);
    }
}

erl_driver::driver!(Dummy: init, start, stop, output);
