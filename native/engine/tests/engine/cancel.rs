//! Requests that nobody wants any more, and how long somebody will.

use linkspan_engine::{Options, Outcome};

use crate::asked::{Asked, ok};
use crate::echo::{Echo, HOUR, operation};
use crate::memory_host::{engine, wait_until};

#[test]
fn a_request_cancelled_in_the_queue_never_runs() {
    let (echo, gate) = Echo::start_gated(&engine(1), Options::DEFAULT);
    let running = echo.occupy();
    let queued = echo.ask(operation::PANIC, "it ran");
    assert!(queued.ticket.cancel());
    drop(gate);
    assert_eq!(running.only_answer(), ok(""));
    queued.nothing_comes();
    assert_eq!(echo.ask(operation::COUNT, "").only_answer(), ok("2"), "the cancelled one is not counted");
    assert_eq!(echo.instance.counts().cancelled, 1);
    echo.drop_without_news();
}

#[test]
fn a_running_request_is_told_to_stop_and_its_answer_suppressed() {
    let echo = Echo::start();
    let running = echo.ask(operation::SLEEP, HOUR);
    wait_until("the request runs", || echo.instance.counts().deferred == 1);
    let next = echo.ask(operation::ECHO, "next");
    assert!(running.ticket.cancel());
    assert_eq!(next.only_answer(), ok("next"));
    running.nothing_comes();
    assert_eq!(echo.instance.counts().cancelled, 1);
}

#[test]
fn a_cancelled_request_gives_its_place_back() {
    let (echo, gate) = Echo::start_gated(&engine(1), Options { limit: 2, bytes: 10, ..Options::DEFAULT });
    let running = echo.occupy();
    let queued = echo.ask(operation::ECHO, "123456");
    assert!(queued.ticket.cancel());
    drop(gate);
    running.only_answer();
    queued.nothing_comes();
    let (open, bytes) = (1..9, 9..17);
    wait_until("nothing is open", || {
        let info = echo.instance.info();
        info[open.clone()] == [0; 8] && info[bytes.clone()] == [0; 8]
    });
}

#[test]
fn whoever_comes_too_late_cancels_nothing() {
    let echo = Echo::start();
    let asked = echo.ask(operation::ECHO, "");
    assert_eq!(asked.answer(), ok(""));
    assert!(!asked.ticket.cancel());
    let asked = Asked::call(operation::ECHO, "");
    assert!(asked.ticket.cancel());
    assert!(!asked.ticket.cancel(), "already");
    assert!(asked.ticket.is_done());
    asked.nothing_comes();
}

#[test]
fn the_service_sees_how_long_its_caller_waits() {
    let echo = Echo::start();
    let asked = Asked::call(operation::REMAINING, "");
    asked.ticket.set_timeout(3_600_000);
    let Outcome::Ok(left) = echo.submit(asked).only_answer() else { panic!("no answer") };
    let left: u64 = std::str::from_utf8(&left).unwrap().parse().unwrap();
    // Within the hour, less what a very slow machine may need to get here.
    assert!((3_000_000..=3_600_000).contains(&left), "{left} ms");
}

#[test]
fn a_request_whose_deadline_has_passed_is_not_run() {
    let echo = Echo::start();
    let asked = Asked::call(operation::REMAINING, "");
    asked.ticket.set_timeout(0);
    assert_eq!(echo.submit(asked).only_answer(), Outcome::Expired);
}

#[test]
fn a_caller_without_a_timeout_waits_for_ever() {
    let echo = Echo::start();
    assert_eq!(echo.ask(operation::REMAINING, "").only_answer(), ok("infinity"));
}
