//! The service that is looked at. It tells its host what becomes of it.

use std::rc::Rc;

use linkspan::{Context, Cost, Emitter, Error, Operation, Reply, Request, Result, Service, Threading};

pub const COPY: u32 = 1;
pub const SHARE: u32 = 2;
pub const EMPTY: u32 = 3;
pub const FAIL: u32 = 4;
pub const REFUSE: u32 = 5;
pub const PANIC: u32 = 6;
pub const PANIC_WITH_NUMBER: u32 = 7;
pub const DEADLINE: u32 = 8;
pub const CANCELLED: u32 = 9;
pub const THREAD: u32 = 10;
pub const STACK: u32 = 11;
pub const STREAM: u32 = 12;
pub const PANIC_AGAIN: u32 = 13;

/// What a panic may carry: it panics when it is dropped.
struct Again;

impl Drop for Again {
    fn drop(&mut self) {
        panic!("again");
    }
}

/// Emits `stopped` and `dropped` when that happens.
pub struct Probe {
    emitter: Emitter,
    panics_on_stop: bool,
}

impl Service for Probe {
    const NAME: &'static str = "probe";
    const OPERATIONS: &'static [Operation] = &[
        Operation::new(COPY, "copy"),
        Operation::new(SHARE, "share"),
        Operation::new(EMPTY, "empty"),
        Operation::new(FAIL, "fail"),
        Operation::new(REFUSE, "refuse"),
        Operation::new(PANIC, "panic"),
        Operation::new(PANIC_WITH_NUMBER, "panic_with_number"),
        Operation::new(DEADLINE, "deadline"),
        Operation::new(CANCELLED, "cancelled"),
        Operation::new(THREAD, "thread"),
        Operation::new(STACK, "stack"),
        Operation::new(STREAM, "stream"),
        Operation::new(PANIC_AGAIN, "panic_again"),
    ];

    fn start(argument: &[u8], cx: &Context<'_>) -> Result<Self> {
        match argument {
            b"fail" => Err(Error::new(7, "no start")),
            b"panic" => panic!("no start"),
            _ => Ok(Probe { emitter: cx.emitter(), panics_on_stop: argument == b"panic on stop" }),
        }
    }

    fn call(&mut self, request: Request<'_>, cx: &Context<'_>) -> Result<Reply> {
        let words = || String::from_utf8_lossy(request.body()).into_owned();
        match request.operation() {
            COPY => Ok(Reply::copy(request.body())),
            SHARE => Ok(Reply::bytes(request.to_bytes())),
            EMPTY => Ok(Reply::empty()),
            FAIL => Err(Error::new(42, words())),
            REFUSE => Err(Error::bad_request(words())),
            PANIC => panic!("{}", words()),
            PANIC_WITH_NUMBER => std::panic::panic_any(4711),
            PANIC_AGAIN => std::panic::panic_any(Again),
            DEADLINE => Ok(Reply::bytes(if cx.deadline().is_some() { "some" } else { "none" })),
            CANCELLED => Ok(Reply::bytes(if cx.is_cancelled() { "yes" } else { "no" })),
            THREAD => {
                let (canceller, emitter) = (cx.canceller(), cx.emitter().clone());
                let asked = std::thread::spawn(move || {
                    emitter.emit("from a thread");
                    canceller.clone().is_cancelled()
                });
                Ok(Reply::bytes(format!("{:?}", asked.join().unwrap())))
            }
            STREAM => Ok(Reply::stream(Words { rest: words(), emitter: cx.emitter() })),
            _ => Ok(Reply::bytes(cx.stack_limit().to_string())),
        }
    }

    fn stop(self, cx: &Context<'_>) {
        cx.emit("stopped");
        assert!(!self.panics_on_stop, "no stop");
    }

    fn cost(operation: u32, body: usize) -> Cost {
        match operation {
            COPY if body <= 64 => Cost::Short,
            COPY => Cost::Long,
            PANIC => panic!("no cost"),
            PANIC_AGAIN => std::panic::panic_any(Again),
            _ => Cost::Learn,
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.emitter.emit("dropped");
    }
}

/// The words of a text: `refuse` is an error and `panic` a panic. Emits `freed`, and panics then if words are left.
struct Words {
    rest: String,
    emitter: Emitter,
}

impl Iterator for Words {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        let rest = std::mem::take(&mut self.rest);
        let (word, rest) = rest.split_once(' ').unwrap_or((&rest, ""));
        self.rest = rest.to_string();
        match word {
            "" => None,
            "refuse" => Some(Err(Error::new(42, "no"))),
            "panic" => panic!("a word too many"),
            word => Some(Ok(word.to_string())),
        }
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        self.emitter.emit("freed");
        assert!(self.rest.is_empty(), "words are left");
    }
}

/// The smallest service: everything that has a default has it.
pub struct Bare;

impl Service for Bare {
    const NAME: &'static str = "bare";
    const OPERATIONS: &'static [Operation] = &[Operation::new(1, "emit"), Operation::new(1 << 20, "fail")];

    fn start(_: &[u8], _: &Context<'_>) -> Result<Self> {
        Ok(Bare)
    }

    fn call(&mut self, request: Request<'_>, cx: &Context<'_>) -> Result<Reply> {
        cx.emit(request.to_bytes());
        if request.operation() == 1 { Ok(Reply::copy(b"an answer")) } else { Err(Error::new(1, "no")) }
    }
}

/// A service whose `cast` is its own.
pub struct Caster;

impl Service for Caster {
    const NAME: &'static str = "caster";
    const OPERATIONS: &'static [Operation] = &[Operation::new(0, "it")];

    fn start(_: &[u8], _: &Context<'_>) -> Result<Self> {
        Ok(Caster)
    }

    fn call(&mut self, _: Request<'_>, cx: &Context<'_>) -> Result<Reply> {
        cx.emit("called");
        Ok(Reply::empty())
    }

    fn cast(&mut self, _: Request<'_>, cx: &Context<'_>) -> Result<()> {
        cx.emit("cast");
        Ok(())
    }
}

/// Bound to a thread, as its `Rc` is.
pub struct Bound(#[expect(dead_code, reason = "only its type matters")] Rc<()>);

impl Service for Bound {
    const NAME: &'static str = "bound";
    const OPERATIONS: &'static [Operation] = &[];
    const THREADING: Threading = Threading::Dedicated;
    const INDEPENDENT: bool = true;

    fn start(_: &[u8], _: &Context<'_>) -> Result<Self> {
        Ok(Bound(Rc::default()))
    }

    fn call(&mut self, _: Request<'_>, _: &Context<'_>) -> Result<Reply> {
        Ok(Reply::empty())
    }
}

linkspan::export!(Probe, Bare, Caster, Bound);
