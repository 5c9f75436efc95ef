//! scheduling_drv: keeps a byte of each command, with delays and busy times in between, and tells them in the end.
#![forbid(unsafe_code)]

use std::thread;
use std::time::Duration;

use erl_driver::{Control, Driver, Port, Refusal, Replied};

const EINVAL: i32 = 22;

#[derive(Default)]
struct Scheduling {
    data: Vec<u8>,
}

impl Driver for Scheduling {
    const SOFT_BUSY: bool = true;

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Scheduling::default())
    }

    fn stop(self, port: &Port<'_>) {
        port.output(&self.data);
    }

    fn timeout(&mut self, port: &Port<'_>) {
        port.set_busy(false);
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        match data {
            [b'B', ..] => port.set_busy(true),
            [b'L', _, _, _, _, tenths, ..] => {
                delay(*tenths);
                port.set_busy(true);
            }
            [b'D', _, _, _, _, tenths, ..] => delay(*tenths),
            [b'N', ..] => return port.set_busy(false),
            [b'C', ..] => {}
            [b'G', ..] => {
                port.output(&self.data);
                return;
            }
            _ => port.fail_posix(EINVAL),
        }
        if let [_, _, _, _, value, ..] = data {
            self.data.push(*value);
        }
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        match char::from_u32(operation) {
            Some('B') => port.set_busy(true),
            Some('N') => port.set_busy(false),
            _ => port.fail_posix(EINVAL),
        }
        reply.bytes(b"")
    }
}

fn delay(tenths: u8) {
    thread::sleep(Duration::from_millis(100) * tenths.into());
}

erl_driver::driver!(Scheduling: start, stop, output, control, timeout);
