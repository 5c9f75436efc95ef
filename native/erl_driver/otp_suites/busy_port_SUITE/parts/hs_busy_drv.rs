//! The busy driver, hard or soft: says who writes to it, becomes busy and not busy.

use erl_driver::{Control, Driver, Port, Refusal, Replied, Terms};

const EINVAL: i32 = 22;

/// Whether `force` gets through to a busy port.
pub struct Busy<const SOFT: bool>;

impl<const SOFT: bool> Driver for Busy<SOFT> {
    const SOFT_BUSY: bool = SOFT;

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Busy)
    }

    fn output(&mut self, port: &Port<'_>, _data: &[u8]) {
        let Some(caller) = port.caller() else { return port.fail_atom(c"no caller") };
        let message = Terms::new().port(port.id()).atom(port.atom(c"caller")).pid(caller).tuple(3);
        if port.id().output(message).is_err() {
            port.fail_atom(c"erl_drv_output_term failed");
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
