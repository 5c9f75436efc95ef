//! The fixture for tests, demo and benchmarks: a service that can do everything a service may do wrong.
#![deny(unsafe_code)]

mod bound;
mod faulty;
mod streams;

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use linkspan::etf::Term;
use linkspan::{Context, Cost, Error, Operation, Reply, Request, Result, Service};

use self::streams::{End, Streams};

mod operation {
    pub const ECHO: u32 = 1;
    pub const ECHO_LONG: u32 = 2;
    pub const SLEEP: u32 = 3;
    pub const SPIN: u32 = 4;
    pub const PANIC: u32 = 5;
    pub const FAIL: u32 = 6;
    pub const EMIT: u32 = 7;
    pub const GROW: u32 = 8;
    pub const COUNT: u32 = 9;
    pub const PRINT: u32 = 10;
    pub const HOST: u32 = 11;
    pub const ARGUMENT: u32 = 12;
    pub const REFUSE: u32 = 13;
    pub const HANG: u32 = 14;
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
    pub const THREAD: u32 = 30;
    pub const EXIT: u32 = 40;
    pub const WORK_1: u32 = 50;
    pub const WORK_2: u32 = 51;
    pub const WORK_3: u32 = 52;
    pub const TERM: u32 = 60;
}

/// State of one instance.
#[derive(Debug)]
pub struct Echo {
    argument: Vec<u8>,
    requests: u64,
    grown: Vec<u8>,
    streams: Streams,
}

impl Service for Echo {
    const NAME: &'static str = "echo";
    const OPERATIONS: &'static [Operation] = &[
        Operation::new(operation::ECHO, "echo"),
        Operation::new(operation::ECHO_LONG, "echo_long"),
        Operation::new(operation::SLEEP, "sleep"),
        Operation::new(operation::SPIN, "spin"),
        Operation::new(operation::PANIC, "panic"),
        Operation::new(operation::FAIL, "fail"),
        Operation::new(operation::EMIT, "emit"),
        Operation::new(operation::GROW, "grow"),
        Operation::new(operation::COUNT, "count"),
        Operation::new(operation::PRINT, "print"),
        Operation::new(operation::HOST, "host"),
        Operation::new(operation::ARGUMENT, "argument"),
        Operation::new(operation::REFUSE, "refuse"),
        Operation::new(operation::HANG, "hang"),
        Operation::new(operation::PANIC_SHORT, "panic_short"),
        Operation::new(operation::REMAINING, "remaining"),
        Operation::new(operation::WORK, "work"),
        Operation::new(operation::COUNT_TO, "count_to"),
        Operation::new(operation::FOREVER, "forever"),
        Operation::new(operation::STREAM_FAIL, "stream_fail"),
        Operation::new(operation::STREAM_PANIC, "stream_panic"),
        Operation::new(operation::STREAMS, "streams"),
        Operation::new(operation::PRODUCED, "produced"),
        Operation::new(operation::WATCHED, "watched"),
        Operation::new(operation::THREAD, "thread"),
        Operation::new(operation::EXIT, "exit"),
        Operation::new(operation::WORK_1, "work_1"),
        Operation::new(operation::WORK_2, "work_2"),
        Operation::new(operation::WORK_3, "work_3"),
        Operation::new(operation::TERM, "term"),
    ];

    /// So that several may stand in for one; what `count` says is of one of them.
    const INDEPENDENT: bool = true;

    /// The arguments `fail` and `panic` do just that.
    fn start(argument: &[u8], cx: &Context<'_>) -> Result<Self> {
        match argument {
            b"fail" => return Err(Error::new(7, "told to fail")),
            b"panic" => panic!("told to panic"),
            b"emit" => cx.emit("started"),
            _ => {}
        }
        Ok(Echo { argument: argument.to_vec(), requests: 0, grown: Vec::new(), streams: Streams::default() })
    }

    fn call(&mut self, request: Request<'_>, cx: &Context<'_>) -> Result<Reply> {
        self.requests += 1;
        match request.operation() {
            // The body itself, by reference if it is long.
            operation::ECHO | operation::ECHO_LONG if request.body().len() > 64 => {
                return Ok(Reply::bytes(request.to_bytes()));
            }
            operation::ECHO | operation::ECHO_LONG => return Ok(Reply::copy(request.body())),
            // Sleeps or burns CPU for that many microseconds, or until cancelled.
            operation::SLEEP => until(micros(&request)?, cx, || thread::sleep(Duration::from_micros(500))),
            // As `spin`, but nothing is declared of their cost, and they ask nobody whether they should go on. Several,
            // since each operation is learnt apart.
            operation::WORK | operation::WORK_1 | operation::WORK_2 | operation::WORK_3 => {
                let end = Instant::now() + micros(&request)?;
                while Instant::now() < end {
                    black_box(0);
                }
            }
            operation::SPIN => until(micros(&request)?, cx, || {
                black_box(0);
            }),
            operation::PANIC | operation::PANIC_SHORT => panic!("{}", text(&request)?),
            operation::FAIL => return Err(Error::new(42, text(&request)?)),
            operation::EMIT => cx.emit(request.to_bytes()),
            // Grows by that many bytes, and touches each page.
            operation::GROW => self.grown.resize(self.grown.len() + number(&request)? as usize, 1),
            operation::COUNT => return Ok(Reply::copy(self.requests.to_string().as_bytes())),
            operation::PRINT => {
                let text = text(&request)?;
                println!("{text}");
                eprintln!("{text}");
            }
            operation::HOST => return Ok(Reply::copy(cx.host().as_bytes())),
            operation::ARGUMENT => return Ok(Reply::copy(&self.argument)),
            operation::REFUSE => return Err(Error::bad_request("refused")),
            // Never ends and never asks whether it should.
            operation::HANG => loop {
                black_box(0);
            },
            // Ends the process that the service runs in, with that status.
            operation::EXIT => std::process::exit(number(&request)? as i32),
            // Milliseconds until the caller stops waiting.
            operation::REMAINING => {
                let left = cx.deadline().map(|at| at.saturating_duration_since(Instant::now()).as_millis());
                return Ok(Reply::copy(left.map_or("infinity".to_string(), |ms| ms.to_string()).as_bytes()));
            }
            // The numbers from 1 to that of the body, each a part; and then the end, an error or a panic.
            operation::COUNT_TO => return Ok(self.streams.count_to(number(&request)?, End::Done)),
            operation::STREAM_FAIL => return Ok(self.streams.count_to(number(&request)?, End::Fail)),
            operation::STREAM_PANIC => return Ok(self.streams.count_to(number(&request)?, End::Panic)),
            operation::FOREVER => return Ok(self.streams.count_to(u64::MAX, End::Done)),
            // As many empty parts, and at last an event: whether anybody wanted them to the end.
            operation::WATCHED => return Ok(streams::watched(number(&request)? as usize, cx)),
            // How many streams there are, and how many parts all of them have made.
            operation::STREAMS => return Ok(Reply::copy(self.streams.open().to_string().as_bytes())),
            operation::PRODUCED => return Ok(Reply::copy(self.streams.produced().to_string().as_bytes())),
            // The name of the thread, also as an event.
            operation::THREAD => {
                let name = std::fs::read_to_string("/proc/thread-self/comm")
                    .map_err(|error| Error::new(5, error.to_string()))?;
                cx.emit(name.trim_end().to_owned());
                return Ok(Reply::copy(name.trim_end().as_bytes()));
            }
            // The same term, read and written.
            operation::TERM => return Reply::term(&request.term::<Term<'_>>()?),
            other => unreachable!("operation {other} is not declared"),
        }
        Ok(Reply::empty())
    }

    fn cost(operation: u32, body: usize) -> Cost {
        match operation {
            operation::SLEEP | operation::SPIN | operation::HANG | operation::ECHO_LONG | operation::PANIC => {
                Cost::Long
            }
            operation::GROW | operation::PRINT | operation::REMAINING | operation::EXIT => Cost::Long,
            operation::WORK | operation::WORK_1 | operation::WORK_2 | operation::WORK_3 => Cost::Learn,
            operation::COUNT_TO => Cost::Learn,
            operation::FOREVER | operation::STREAM_FAIL | operation::STREAM_PANIC | operation::WATCHED => Cost::Long,
            operation::THREAD if body == 0 => Cost::Learn,
            operation::THREAD => Cost::Long,
            operation::TERM => Cost::Learn,
            _ => Cost::Short,
        }
    }
}

/// Repeats `step` for a time, or until the request is cancelled.
fn until(time: Duration, cx: &Context<'_>, step: impl Fn()) {
    let end = Instant::now() + time;
    while Instant::now() < end && !cx.is_cancelled() {
        step();
    }
}

fn text<'a>(request: &Request<'a>) -> Result<&'a str> {
    std::str::from_utf8(request.body()).map_err(Error::bad_request)
}

fn number(request: &Request<'_>) -> Result<u64> {
    text(request)?.parse().map_err(|_| Error::bad_request("the body is to be a decimal number"))
}

fn micros(request: &Request<'_>) -> Result<Duration> {
    number(request).map(Duration::from_micros)
}

linkspan::export!(Echo, bound::Bound, faulty::Faulty);
