//! outputv_drv: echoes what `outputv` is given, binaries by reference. One port at a time.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

use erl_driver::{Driver, InitFailed, Locking, Port, Refusal, Vector};

static OPEN: AtomicBool = AtomicBool::new(false);

struct Outputv;

impl Driver for Outputv {
    const LOCKING: Locking = Locking::Driver;

    fn init() -> Result<(), InitFailed> {
        OPEN.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        if OPEN.swap(true, Ordering::Relaxed) {
            return Err(Refusal::General);
        }
        Ok(Outputv)
    }

    fn stop(self, _port: &Port<'_>) {
        OPEN.store(false, Ordering::Relaxed);
    }

    fn outputv(&mut self, port: &Port<'_>, vector: &Vector<'_>) {
        port.output_vector(b"", vector, 0);
    }
}

erl_driver::driver!(Outputv: init, start, stop, outputv);
