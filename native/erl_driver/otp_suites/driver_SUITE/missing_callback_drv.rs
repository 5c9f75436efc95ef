//! missing_callback_drv: has a timer and events, but no callback for them, nor for anything else.
#![forbid(unsafe_code)]

use std::fs::File;

use erl_driver::{Driver, Mode, Port, Refusal};

/// Closed when the port is.
struct MissingCallback {
    _output: File,
    _input: File,
}

impl Driver for MissingCallback {
    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        let refused = |_| Refusal::General;
        let output = File::options().write(true).open("/dev/null").map_err(refused)?;
        port.select(&output, Mode::WRITE, true).map_err(|_| Refusal::General)?;
        let input = File::open("/dev/zero").map_err(refused)?;
        port.select(&input, Mode::READ, true).map_err(|_| Refusal::General)?;
        port.set_timer(0);
        Ok(MissingCallback { _output: output, _input: input })
    }
}

erl_driver::driver!(MissingCallback: start, stop);
