//! A service that is bound to one thread: it is not even `Send`.

use std::cell::Cell;
use std::rc::Rc;
use std::thread::{self, ThreadId};

use linkspan::{Context, Operation, Reply, Request, Result, Service, Threading};

mod operation {
    pub const THREAD: u32 = 1;
    pub const COUNT: u32 = 2;
    pub const PANIC: u32 = 3;
    pub const STREAM: u32 = 4;
}

/// Where it started, and how often it was asked.
#[derive(Debug)]
pub struct Bound {
    home: ThreadId,
    requests: Rc<Cell<u64>>,
}

impl Bound {
    fn check(&self) {
        assert_eq!(thread::current().id(), self.home, "a bound service is on a foreign thread");
    }
}

impl Service for Bound {
    const NAME: &'static str = "bound";
    const OPERATIONS: &'static [Operation] = &[
        Operation::new(operation::THREAD, "thread"),
        Operation::new(operation::COUNT, "count"),
        Operation::new(operation::PANIC, "panic"),
        Operation::new(operation::STREAM, "stream"),
    ];
    const THREADING: Threading = Threading::Dedicated;

    fn start(_argument: &[u8], _cx: &Context<'_>) -> Result<Self> {
        Ok(Bound { home: thread::current().id(), requests: Rc::default() })
    }

    fn call(&mut self, request: Request<'_>, _cx: &Context<'_>) -> Result<Reply> {
        self.check();
        self.requests.set(self.requests.get() + 1);
        match request.operation() {
            operation::THREAD => {
                let id = format!("{:?}", self.home);
                Ok(Reply::copy(id.as_bytes()))
            }
            operation::COUNT => Ok(Reply::copy(self.requests.get().to_string().as_bytes())),
            operation::PANIC => panic!("told to panic"),
            operation::STREAM => Ok(Reply::stream(Homes(self.home))),
            other => unreachable!("operation {other} is not declared"),
        }
    }

    fn stop(self, _cx: &Context<'_>) {
        self.check();
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if thread::current().id() != self.home {
            // A panic would be caught, and the violation unseen.
            std::process::abort();
        }
    }
}

/// The name of its thread, time and again.
struct Homes(ThreadId);

impl Iterator for Homes {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        assert_eq!(thread::current().id(), self.0, "a bound service makes a part on a foreign thread");
        Some(Ok(format!("{:?}", self.0)))
    }
}

impl Drop for Homes {
    fn drop(&mut self) {
        if thread::current().id() != self.0 {
            std::process::abort();
        }
    }
}
