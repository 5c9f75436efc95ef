//! What `info` tells of the time that requests took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use bytes::{Buf, Bytes};
use linkspan_engine::{Clock, Engine, Job, OnPanic, Options, TimeSource};

use crate::asked::{Asked, ok};
use crate::echo::{Echo, operation};
use crate::memory_host::engine;

/// Where the limits begin, behind state, queue and counts.
const LIMITS: usize = 1 + 2 * 8 + 8 * 8;

/// A clock that goes on by so many nanoseconds whenever somebody looks: each run takes that long.
struct Ticks(AtomicU64, Arc<AtomicU64>);

impl TimeSource for Ticks {
    fn now(&self) -> u64 {
        let step = self.1.load(Relaxed);
        self.0.fetch_add(step, Relaxed)
    }

    fn thread_cpu(&self) -> u64 {
        0
    }
}

/// Count, p50, p99, max.
type Times = [u64; 4];

#[derive(Debug, PartialEq, Eq)]
struct Told {
    limits: [u64; 2],
    all: Times,
    /// Number, inline, deferred.
    operations: Vec<(u32, Times, Times)>,
}

fn numbers<const N: usize>(bytes: &mut Bytes) -> [u64; N] {
    std::array::from_fn(|_| bytes.get_u64())
}

fn told(echo: &Echo) -> Told {
    let mut info = echo.instance.info().slice(LIMITS..);
    let (limits, all, ran) = (numbers(&mut info), numbers(&mut info), info.get_u16());
    let operations = (0..ran).map(|_| (info.get_u32(), numbers(&mut info), numbers(&mut info))).collect();
    assert!(!info.has_remaining(), "nothing comes behind the last operation");
    Told { limits, all, operations }
}

/// An instance whose runs take as long as the second value says.
fn ticking(nanos: u64) -> (Echo, Arc<AtomicU64>) {
    let step = Arc::new(AtomicU64::new(nanos));
    let clock = Clock::Other(Arc::new(Ticks(AtomicU64::new(0), step.clone())));
    let (echo, gate) = Echo::start_gated(&Engine { clock, ..engine(1) }, Options::DEFAULT);
    drop(gate);
    (echo, step)
}

#[test]
fn an_instance_that_has_run_nothing_tells_its_bounds_and_no_times() {
    let echo = Echo::start_with(Options { limit: 7, bytes: 4711, ..Options::DEFAULT });
    assert_eq!(told(&echo), Told { limits: [7, 4711], all: [0; 4], operations: vec![] });
    let (blank, _) = Echo::blank(&engine(1));
    let default = Options::DEFAULT;
    assert_eq!(told(&blank).limits, [default.limit as u64, default.bytes as u64]);
}

#[test]
fn inline_and_deferred_runs_of_each_operation_are_told_apart() {
    // The beginning of a bucket, whose middle is 4 away.
    let (echo, step) = ticking(64);
    assert_eq!(echo.inline_when_idle(operation::ECHO, "a"), ok("a"));
    step.store(50_000, Relaxed);
    assert_eq!(echo.inline_when_idle(operation::FAIL, "a").status(), 2);
    for _ in 0..3 {
        assert_eq!(echo.ask(operation::ECHO, "a").only_answer(), ok("a"));
    }
    // Buckets of 4096 from 32768 on: the one of 50,000 has its middle at 51,200.
    assert_eq!(
        told(&echo).operations,
        [
            (operation::ECHO, [1, 64, 64, 64], [3, 50_000, 50_000, 50_000]),
            (operation::FAIL, [1, 50_000, 50_000, 50_000], [0; 4]),
        ]
    );
    assert_eq!(told(&echo).all, [5, 50_000, 50_000, 50_000]);
    step.store(100_000, Relaxed);
    assert_eq!(echo.ask(operation::ECHO, "a").only_answer(), ok("a"));
    assert_eq!(told(&echo).operations[0].2, [4, 51_200, 100_000, 100_000]);
}

#[test]
fn casts_panics_and_refusals_count_and_unknown_operations_do_not() {
    let (echo, _) = Echo::start_gated(&engine(1), Options { on_panic: OnPanic::Keep, ..Options::DEFAULT });
    echo.submit(Asked::new(Job::Call { operation: operation::COUNT, cast: true, body: Bytes::new() })).only_answer();
    echo.ask(operation::PANIC, "boom").only_answer();
    echo.ask(operation::REFUSE, "").only_answer();
    echo.ask(operation::UNKNOWN, "").only_answer();
    echo.inline_when_idle(operation::PANIC_SHORT, "boom");
    let counts = |(number, inline, deferred): &(u32, Times, Times)| (*number, inline[0], deferred[0]);
    assert_eq!(
        told(&echo).operations.iter().map(counts).collect::<Vec<_>>(),
        [(operation::PANIC, 0, 1), (operation::COUNT, 0, 1), (operation::REFUSE, 0, 1), (operation::PANIC_SHORT, 1, 0)]
    );
}

#[test]
fn info_waits_for_no_run() {
    let (echo, gate) = Echo::start_gated(&engine(1), Options::DEFAULT);
    let running = echo.occupy();
    assert_eq!(told(&echo).operations, [], "it has not yet ended");
    drop(gate);
    running.only_answer();
    assert_eq!(told(&echo).operations[0].2[0], 1);
}

#[test]
fn counts_read_while_requests_run_only_grow() {
    const RUNS: u64 = 5000;
    let echo = Echo::start();
    thread::scope(|scope| {
        scope.spawn(|| (0..RUNS).for_each(|_| drop(echo.inline_when_idle(operation::ECHO, ""))));
        let mut before = 0;
        while before < RUNS {
            let now = told(&echo).operations.first().map_or(0, |(_, inline, _)| inline[0]);
            assert!(now >= before);
            before = now;
        }
    });
}
