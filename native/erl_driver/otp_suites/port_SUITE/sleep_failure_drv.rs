//! sleep_failure_drv: sleeps when it is written to, then ends.
#![forbid(unsafe_code)]

use std::thread;
use std::time::Duration;

use erl_driver::{Driver, Locking, Port, Refusal};

struct SleepFailure;

impl Driver for SleepFailure {
    const LOCKING: Locking = Locking::Driver;

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(SleepFailure)
    }

    fn output(&mut self, port: &Port<'_>, _data: &[u8]) {
        thread::sleep(Duration::from_secs(3));
        port.fail(0);
    }
}

erl_driver::driver!(SleepFailure: start, stop, output, finish);
