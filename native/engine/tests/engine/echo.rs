//! Instances of the echo service.

use std::thread;
use std::time::Instant;

use bytes::Bytes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use linkspan_engine::{Attempt, Body, Engine, Instance, Job, Options, Outcome};

use crate::asked::Asked;
use crate::memory_host::{MemoryHost, News, PATIENCE, engine};

/// Operations of the echo service.
pub mod operation {
    pub const ECHO: u32 = 1;
    pub const ECHO_LONG: u32 = 2;
    pub const SLEEP: u32 = 3;
    pub const PANIC: u32 = 5;
    pub const FAIL: u32 = 6;
    pub const EMIT: u32 = 7;
    pub const COUNT: u32 = 9;
    pub const HOST: u32 = 11;
    pub const ARGUMENT: u32 = 12;
    pub const REFUSE: u32 = 13;
    pub const PANIC_SHORT: u32 = 15;
    pub const REMAINING: u32 = 16;
    pub const WORK: u32 = 17;
    pub const COUNT_TO: u32 = 20;
    pub const FOREVER: u32 = 21;
    pub const STREAM_FAIL: u32 = 22;
    pub const STREAM_PANIC: u32 = 23;
    pub const STREAMS: u32 = 24;
    pub const PRODUCED: u32 = 25;
    pub const WATCHED: u32 = 26;
    pub const WORK_1: u32 = 50;
    pub const UNKNOWN: u32 = 4711;
}

/// An hour, as a body of `sleep`.
pub const HOUR: &str = "3600000000";

/// Path of the echo service's library: cargo puts it beside the tests that depend on it.
pub fn echo_library() -> String {
    let name = format!("{}linkspan_echo{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let path = std::env::current_exe().unwrap().with_file_name(name);
    path.into_os_string().into_string().unwrap()
}

/// An instance of the echo service and its host.
pub struct Echo {
    pub instance: Instance,
    pub news: Receiver<News>,
}

impl Echo {
    /// A started instance on a pool of its own.
    pub fn start() -> Self {
        Echo::start_with(Options::DEFAULT)
    }

    pub fn start_with(options: Options) -> Self {
        Echo::start_gated(&engine(1), options).0
    }

    /// A started instance and the gate at which its events wait.
    pub fn start_gated(engine: &Engine, options: Options) -> (Self, Sender<()>) {
        let (echo, gate) = Echo::blank(engine);
        for job in [load(), start("", options)] {
            let outcome = echo.submit(Asked::new(job)).only_answer();
            assert!(matches!(outcome, Outcome::Ok(_)), "{outcome:?}");
        }
        (echo, gate)
    }

    /// An instance that nothing has been loaded into.
    pub fn blank(engine: &Engine) -> (Self, Sender<()>) {
        let (host, news, gate) = MemoryHost::new();
        (Echo { instance: Instance::new(engine, host), news }, gate)
    }

    /// Queues a request that is accepted.
    pub fn submit(&self, asked: Asked) -> Asked {
        self.instance.submit(&asked.ticket).expect("accepted");
        asked
    }

    /// Queues a call that is accepted.
    pub fn ask(&self, operation: u32, body: &str) -> Asked {
        self.submit(Asked::call(operation, body))
    }

    /// Runs a call inline, if the engine does.
    pub fn inline(&self, operation: u32, body: &str) -> Option<Outcome> {
        let mut room = [0; 64];
        outcome(&self.run(operation, body, &mut room), &room)
    }

    fn run(&self, operation: u32, body: &str, room: &mut [u8]) -> Attempt {
        let lent = Body { bytes: body.as_bytes(), share: &|| Bytes::copy_from_slice(body.as_bytes()) };
        self.instance.try_inline(operation, false, lent, room)
    }

    /// Runs a call inline as soon as no worker holds the instance any more.
    pub fn inline_when_idle(&self, operation: u32, body: &str) -> Outcome {
        let mut room = [0; 64];
        let run = self.run_when_idle(operation, body, &mut room);
        outcome(&run, &room).expect("it has run")
    }

    /// As [`Echo::inline_when_idle`], but the run is not yet over.
    pub fn run_when_idle(&self, operation: u32, body: &str, room: &mut [u8]) -> Attempt {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.run(operation, body, room) {
                Attempt::Deferred => {}
                run => return run,
            }
            assert!(Instant::now() < deadline, "never runs inline");
            thread::yield_now();
        }
    }

    /// Makes a gated instance busy: its worker waits at the gate.
    pub fn occupy(&self) -> Asked {
        let asked = self.ask(operation::EMIT, "busy");
        assert_eq!(self.next(), News::Event("busy".into()));
        asked
    }

    /// Waits for what the host is told next.
    pub fn next(&self) -> News {
        self.news.recv_timeout(PATIENCE).expect("news")
    }

    /// Drops the instance and waits until nobody holds its host any more; until then no news may come.
    pub fn drop_without_news(self) {
        drop(self.instance);
        assert_eq!(self.news.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    }
}

/// The outcome of an inline run with that room; none if it did not run.
fn outcome(run: &Attempt, room: &[u8]) -> Option<Outcome> {
    match run {
        Attempt::Deferred => None,
        Attempt::Written { len, .. } => Some(Outcome::Ok(Bytes::copy_from_slice(&room[..*len as usize]))),
        Attempt::Ended(run) => Some(run.outcome.clone()),
    }
}

/// The job that loads the echo service.
pub fn load() -> Job {
    Job::Load { path: echo_library(), service: "echo".into() }
}

/// The job that starts it.
pub fn start(argument: &str, options: Options) -> Job {
    Job::Start { argument: Bytes::copy_from_slice(argument.as_bytes()), options }
}
