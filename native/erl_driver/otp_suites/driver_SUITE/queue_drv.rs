//! queue_drv: puts output into the port's queue in the way that `control` has asked for, and shows what is there.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

use erl_driver::{Binary, BinaryMut, Control, Driver, InitFailed, Locking, Port, Queue, Refusal, Replied, Vector};

/// What to do with the next output.
const PUSHQ: u32 = 0;
const ENQ: u32 = 1;
const PUSHQ_BIN: u32 = 2;
const ENQ_BIN: u32 = 3;
const PUSHQV: u32 = 4;
const ENQV: u32 = 5;

/// Answered at once.
const DEQ: u32 = 6;
const BYTES_QUEUED: u32 = 7;
const READ_HEAD: u32 = 8;

static OPEN: AtomicBool = AtomicBool::new(false);

struct Queued {
    operation: Option<u32>,
}

impl Driver for Queued {
    const LOCKING: Locking = Locking::Driver;

    fn init() -> Result<(), InitFailed> {
        OPEN.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        if OPEN.swap(true, Ordering::Relaxed) {
            return Err(Refusal::General);
        }
        port.answer_binaries();
        Ok(Queued { operation: None })
    }

    fn stop(self, _port: &Port<'_>) {
        OPEN.store(false, Ordering::Relaxed);
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let number = || body.try_into().ok().map(|bytes| u32::from_be_bytes(bytes) as usize);
        match operation {
            PUSHQ | ENQ | PUSHQ_BIN | ENQ_BIN | PUSHQV | ENQV => self.operation = Some(operation),
            DEQ => match number() {
                None => port.fail_atom(c"deq: bad length"),
                Some(bytes) => drop(port.queue().deq(bytes)),
            },
            BYTES_QUEUED => {
                let queued = port.queue().sizeq().unwrap_or(0) as u32;
                return reply.bytes(&queued.to_be_bytes());
            }
            READ_HEAD => match number() {
                None => port.fail_atom(c"read_head: bad length"),
                Some(bytes) => {
                    let mut head = BinaryMut::zeroed(bytes);
                    read_head(&port.queue(), &mut head);
                    return reply.binary(head.freeze());
                }
            },
            _ => port.fail_atom(c"bad opcode to control()"),
        }
        reply.nothing()
    }

    fn outputv(&mut self, port: &Port<'_>, vector: &Vector<'_>) {
        let mut queue = port.queue();
        let last = vector.parts().last();
        let bytes = last.map_or(&[][..], |part| part.bytes());
        let binary = || last.map_or_else(|| Binary::copy_from_slice(b""), |part| part.to_binary());
        let queued = match self.operation {
            Some(PUSHQ) => queue.pushq(bytes),
            Some(ENQ) => queue.enq(bytes),
            Some(PUSHQ_BIN) => queue.pushq_binary(&binary()),
            Some(ENQ_BIN) => queue.enq_binary(&binary()),
            Some(PUSHQV) => queue.pushqv(vector, 0),
            Some(ENQV) => queue.enqv(vector, 0),
            _ => return port.fail_atom(c"bad_opcode"),
        };
        queued.expect("an open port");
    }
}

fn read_head(queue: &Queue<'_>, head: &mut [u8]) {
    if let Ok(vector) = queue.peekq() {
        vector.copy_to(head);
    }
}

erl_driver::driver!(Queued: init, start, stop, control, outputv);
