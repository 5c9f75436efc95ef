//! The service `script`: JavaScript by QuickJS, one interpreter per instance.
//!
//! | operation | body | reply |
//! |---|---|---|
//! | 1 `eval` | source, UTF-8 | the value of its last statement, as text |
//! | 2 `call` | a JSON array `["name", argument, ...]` | what the global function returned, as JSON |
//! | 3 `call_short` | as for `call` | as of `call`; the function has 10 ms of processor time |
//!
//! `call_short` is for functions that are known to take microseconds: it runs at once on the thread that brings it, a
//! scheduler's in most hosts, where nobody could cancel it. So a function that is not over in time is stopped, on
//! whichever thread it runs, with the code of the limit `time`. The others always run on workers.
//!
//! All run promise jobs before they answer; a promise counts as what it was resolved or rejected with. The start
//! argument is described at [`Limits`], the error codes in [`code`]. Scripts reach neither files nor the network.
//!
//! A script that is cancelled, or out of time, is stopped within some 10,000 steps and cannot catch that with `try`.
//! This is a guard against mistakes, not against malice: QuickJS does not ask during one call of a built-in that
//! works in C (`new Array(2**31).join()`), and some places drop the interruption, so that a loop around them goes on
//! (the executor of `new Promise`, `return` of an iterator after a `throw`, `Error.prepareStackTrace`). Run code
//! that you do not trust in the host `program`.
#![forbid(unsafe_code)]

pub mod code;
mod collector;
mod console;
mod exception;
mod fault;
mod interpreter;
mod invocation;
mod limits;
mod simple;
mod text;
mod watch;

use linkspan::{Context, Cost, Error, Operation, Reply, Request, Result, Service};

use crate::interpreter::{Interpreter, Task, Terms};
pub use crate::limits::Limits;

mod operation {
    pub const EVAL: u32 = 1;
    pub const CALL: u32 = 2;
    pub const CALL_SHORT: u32 = 3;
}

/// Longest body of a short call that runs at once, in bytes: while JSON is read nobody looks at the time.
const SHORT_BODY: usize = 4096;

/// One instance: an interpreter that shares nothing with any other.
#[derive(Debug)]
pub struct Script(Interpreter);

/// One request to an interpreter of its own, without a host: what fuzzers ask.
#[doc(hidden)]
pub fn ask(limits: Limits, operation: u32, body: &str) -> Result<String> {
    let task = task(operation, body);
    Interpreter::new(limits)?.run(task, Terms { stack: 512 << 10, cancelled: None })
}

fn task(operation: u32, body: &str) -> Task<'_> {
    match operation {
        operation::EVAL => Task::Eval { source: body, file: "eval" },
        operation::CALL => Task::Call { body, short: false },
        operation::CALL_SHORT => Task::Call { body, short: true },
        other => unreachable!("operation {other} is not declared"),
    }
}

impl Service for Script {
    const NAME: &'static str = "script";
    const OPERATIONS: &'static [Operation] = &[
        Operation::new(operation::EVAL, "eval"),
        Operation::new(operation::CALL, "call"),
        Operation::new(operation::CALL_SHORT, "call_short"),
    ];

    fn start(argument: &[u8], cx: &Context<'_>) -> Result<Self> {
        let mut limits = Limits::parse(argument)?;
        let source = limits.source.take();
        let mut interpreter = Interpreter::new(limits)?;
        if let Some(source) = source {
            interpreter.run(Task::Eval { source: &source, file: "source" }, terms(cx))?;
        }
        Ok(Script(interpreter))
    }

    fn call(&mut self, request: Request<'_>, cx: &Context<'_>) -> Result<Reply> {
        let body = std::str::from_utf8(request.body()).map_err(Error::bad_request)?;
        let task = task(request.operation(), body);
        let terms = match request.operation() {
            // Over before it could be asked whether it is in vain.
            operation::CALL_SHORT => Terms { stack: cx.stack_limit(), cancelled: None },
            _ => terms(cx),
        };
        self.0.run(task, terms).map(|text| Reply::copy(text.as_bytes()))
    }

    fn cost(operation: u32, body: usize) -> Cost {
        if operation == operation::CALL_SHORT && body <= SHORT_BODY { Cost::Short } else { Cost::Long }
    }
}

/// What the host allows the running request.
fn terms(cx: &Context<'_>) -> Terms {
    let canceller = cx.canceller();
    Terms { stack: cx.stack_limit(), cancelled: Some(Box::new(move || canceller.is_cancelled())) }
}

linkspan::export!(Script);
