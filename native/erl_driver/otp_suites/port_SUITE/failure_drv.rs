//! failure_drv: fails when it is written to.
#![forbid(unsafe_code)]

use erl_driver::{Driver, Locking, Port, Refusal};

struct Failure;

impl Driver for Failure {
    const LOCKING: Locking = Locking::Driver;

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Failure)
    }

    fn output(&mut self, port: &Port<'_>, _data: &[u8]) {
        port.fail_atom(c"driver_failed");
    }
}

erl_driver::driver!(Failure: start, stop, output, finish);
