//! Two ports under the driver's lock: one makes the other busy, or ends it.

use std::sync::Mutex;

use erl_driver::{Control, Driver, Locking, Port, Refusal, Replied, Sibling};

struct Member {
    me: Sibling,
}

/// The port that was opened last.
static LAST: Mutex<Option<Sibling>> = Mutex::new(None);

erl_driver::driver!(Member, "sibling_drv": start, output, control);

impl Driver for Member {
    const LOCKING: Locking = Locking::Driver;
    const SOFT_BUSY: bool = true;

    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        let me = port.sibling();
        *LAST.lock().map_err(|_| Refusal::General)? = Some(me.clone());
        Ok(Member { me })
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        port.output(data);
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let last = LAST.lock().ok().and_then(|last| last.clone());
        let Some(other) = last.as_ref().and_then(|last| port.reach(last)) else { return reply.bytes(b"gone") };
        match operation {
            1 => other.set_busy(body == b"busy"),
            // Reached twice: it ends when both have let go.
            2 => {
                let again = port.reach(&port.sibling()).zip(last.as_ref().and_then(|last| port.reach(last)));
                other.fail_atom(c"by_sibling");
                drop(other);
                let same = last == Some(self.me.clone());
                let said = again.is_some_and(|(_, other)| other.output(b"still there"));
                return reply.bytes(format!("{same} {said}").as_bytes());
            }
            _ => return reply.badarg(),
        }
        reply.bytes(b"ok")
    }
}
