//! Callers who would rather look for their answer than wait for it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use linkspan_engine::Asked::{Answered, Queued};
use linkspan_engine::{FOREVER, Job, Options, Outcome};

use crate::asked::{Asked, ok};
use crate::echo::{Echo, operation};
use crate::hosted::{STACK, hosted};
use crate::memory_host::engine;

const CALLERS: usize = 3;
const CALLS: usize = 20_000;

/// Calls as hosts do: looks for the answer, and waits for it if that was in vain.
fn call(echo: &Echo, operation: u32, body: &str) -> Result<Outcome, Outcome> {
    let job = Job::Call { operation, cast: false, body: body.to_owned().into() };
    Ok(match echo.instance.ask(job, FOREVER)? {
        Answered(outcome) => outcome,
        Queued(ticket) => Asked::attach_to(ticket).map_or_else(|there| there, Asked::only_answer),
    })
}

/// Calls from several threads at once; each is to get what it asked for.
fn call_at_once(echo: &Echo) {
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            scope.spawn(move || {
                for number in 0..CALLS {
                    let body = format!("{caller} {number}");
                    assert_eq!(call(echo, operation::ECHO_LONG, &body), Ok(ok(&body)));
                }
            });
        }
    });
    assert_eq!(echo.instance.counts().deferred, (CALLERS * CALLS) as u64);
}

#[test]
fn whoever_looks_finds_his_own_answer() {
    call_at_once(&Echo::start_gated(&engine(2), Options::DEFAULT).0);
}

#[test]
fn so_does_who_looks_while_the_host_runs_the_turns() {
    let (echo, turns) = hosted();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Relaxed) {
                if turns.recv_timeout(Duration::from_millis(1)).is_ok() {
                    echo.instance.run_turn(STACK);
                }
            }
        });
        call_at_once(&echo);
        over.store(true, Relaxed);
    });
}

#[test]
fn a_request_that_takes_its_time_is_waited_for() {
    let echo = Echo::start();
    for _ in 0..100 {
        assert_eq!(call(&echo, operation::ECHO_LONG, "quick"), Ok(ok("quick")));
        assert_eq!(call(&echo, operation::SLEEP, "1000"), Ok(ok("")));
    }
}

#[test]
fn a_panic_and_what_comes_behind_it_are_told_to_who_looks() {
    let echo = Echo::start();
    for _ in 0..100 {
        assert_eq!(call(&echo, operation::ECHO_LONG, "quick"), Ok(ok("quick")));
    }
    assert!(matches!(call(&echo, operation::PANIC, "ouch"), Ok(Outcome::Panicked(_))));
    assert!(matches!(call(&echo, operation::ECHO_LONG, ""), Ok(Outcome::Closed) | Err(Outcome::Closed)));
}
