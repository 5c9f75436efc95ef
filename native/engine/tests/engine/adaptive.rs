//! What an instance learns of its operations, decided by a clock that says how long a run took.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use linkspan_engine::{Clock, Engine, Options, TimeSource};

use crate::asked::ok;
use crate::echo::{Echo, operation};
use crate::memory_host::engine;

/// A clock that goes on by the same time whenever it is read: so long does each run take.
#[derive(Default)]
struct FakeClock {
    micros: AtomicU64,
    step: AtomicU64,
    /// Whether another thread has the processor meanwhile.
    preempted: AtomicBool,
}

impl TimeSource for FakeClock {
    fn now(&self) -> u64 {
        let step = self.step.load(SeqCst);
        1000 * (self.micros.fetch_add(step, SeqCst) + step)
    }

    fn thread_cpu(&self) -> u64 {
        let micros = if self.preempted.load(SeqCst) { 0 } else { self.micros.load(SeqCst) };
        1000 * micros
    }
}

/// An instance whose runs take as long as the test says.
struct Subject {
    echo: Echo,
    clock: Arc<FakeClock>,
}

impl Subject {
    fn new() -> Self {
        let clock = Arc::new(FakeClock::default());
        let engine = Engine { clock: Clock::Other(clock.clone()), ..engine(1) };
        Subject { echo: Echo::start_gated(&engine, Options::DEFAULT).0, clock }
    }

    /// Runs a request that takes so many microseconds. Returns whether it ran inline.
    fn run(&self, operation: u32, body: &str, micros: u64) -> bool {
        // When this has run, no worker holds the instance.
        self.clock.step.store(0, SeqCst);
        assert_eq!(self.echo.inline_when_idle(operation::ECHO, ""), ok(""));
        self.clock.step.store(micros, SeqCst);
        let inline = self.echo.inline(operation, body);
        let answer = inline.clone().unwrap_or_else(|| self.echo.ask(operation, body).only_answer());
        assert_eq!(answer, ok(""));
        inline.is_some()
    }

    /// How the runs of a series of durations went: `i` inline, `d` deferred.
    fn series(&self, operation: u32, body: &str, micros: &[u64]) -> String {
        micros.iter().map(|micros| if self.run(operation, body, *micros) { 'i' } else { 'd' }).collect()
    }

    /// Makes an operation one that runs inline.
    fn promote(&self, operation: u32, body: &str) {
        assert_eq!(self.series(operation, body, &[5; 17]), "d".repeat(16) + "i");
    }

    fn overruns(&self) -> u64 {
        self.echo.instance.counts().overruns
    }
}

#[test]
fn a_cost_that_jumps_is_off_the_scheduler_after_one_overrun() {
    let subject = Subject::new();
    subject.promote(operation::WORK, "0");
    assert_eq!(subject.series(operation::WORK, "0", &[5, 5000, 5000, 5000]), "iidd");
    assert_eq!(subject.overruns(), 1);
    assert_eq!(subject.series(operation::WORK, "0", &[5; 40]), "d".repeat(40), "and never gets another chance");
}

#[test]
fn slow_runs_that_are_no_overruns_send_it_back_until_it_is_quick_again() {
    let subject = Subject::new();
    subject.promote(operation::WORK, "0");
    assert_eq!(subject.series(operation::WORK, "0", &[300, 5, 300, 5]), "iiid");
    subject.series(operation::WORK, "0", &[5; 15]);
    assert_eq!(subject.series(operation::WORK, "0", &[5]), "i");
    assert_eq!(subject.overruns(), 0);
}

#[test]
fn a_run_that_was_only_preempted_is_no_overrun() {
    let subject = Subject::new();
    subject.promote(operation::WORK, "0");
    subject.clock.preempted.store(true, SeqCst);
    assert_eq!(subject.series(operation::WORK, "0", &[5000, 5000, 5000]), "iii");
    assert_eq!(subject.overruns(), 0);
}

#[test]
fn each_operation_and_each_size_class_has_its_own_overrun() {
    let subject = Subject::new();
    let long = "0".repeat(100);
    let all =
        [(operation::WORK, "0"), (operation::WORK, &*long), (operation::WORK_1, "0"), (operation::WORK_1, &*long)];
    for (operation, body) in all {
        subject.promote(operation, body);
    }
    for (nth, (operation, body)) in all.into_iter().enumerate() {
        assert_eq!(subject.overruns(), nth as u64);
        assert_eq!(subject.series(operation, body, &[5, 5000, 5]), "iid");
    }
}
