//! exit_drv: exits when it is written to.
#![forbid(unsafe_code)]

use erl_driver::{Driver, Locking, Port, Refusal};

struct Exit;

impl Driver for Exit {
    const LOCKING: Locking = Locking::Driver;

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Exit)
    }

    fn output(&mut self, port: &Port<'_>, _data: &[u8]) {
        port.exit(0);
    }
}

erl_driver::driver!(Exit: start, stop, output, finish);
