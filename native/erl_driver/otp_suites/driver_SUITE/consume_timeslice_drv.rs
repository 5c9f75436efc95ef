//! consume_timeslice_drv: may give up half a time slice for each command, and tells of each.
#![forbid(unsafe_code)]

use std::thread;
use std::time::Duration;

use erl_driver::{Atom, Control, Driver, Port, Refusal, Replied, Terms};

struct ConsumeTimeslice {
    command: Atom,
    consume: bool,
}

impl Driver for ConsumeTimeslice {
    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(ConsumeTimeslice { command: port.atom(c"command"), consume: false })
    }

    fn output(&mut self, port: &Port<'_>, _data: &[u8]) {
        if self.consume {
            port.consume_timeslice(50);
        }
        let message = Terms::new().port(port.id()).atom(self.command).tuple(2);
        if port.id().output(message).is_err() {
            port.fail_atom(c"erl_drv_output_term() failed");
        }
    }

    fn control<'a>(&mut self, _port: &Port<'_>, operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        match char::from_u32(operation) {
            Some('E') => {
                self.consume = true;
                reply.bytes(b"enabled")
            }
            Some('D') => {
                self.consume = false;
                reply.bytes(b"disabled")
            }
            Some('S') => {
                thread::sleep(Duration::from_secs(1));
                reply.bytes(b"sleeped")
            }
            _ => reply.bytes(b"what?"),
        }
    }
}

erl_driver::driver!(ConsumeTimeslice: start, stop, output, control);
