//! From a blank instance to an open one, and what can go wrong on the way.

use linkspan_engine::{Options, Outcome};

use crate::asked::{Asked, ok};
use crate::echo::{Echo, load, operation, start};
use crate::memory_host::{News, engine, wait_until};

fn refusal(outcome: &Outcome) -> String {
    match outcome {
        Outcome::BadRequest(why) => String::from_utf8(why.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A blank instance that has loaded the service.
fn loaded() -> (Echo, crossbeam_channel::Sender<()>) {
    let (echo, gate) = Echo::blank(&engine(1));
    assert!(matches!(echo.submit(Asked::new(load())).only_answer(), Outcome::Ok(_)));
    (echo, gate)
}

#[test]
fn requests_queue_behind_load_and_start() {
    let (echo, _) = Echo::blank(&engine(2));
    let jobs: Vec<_> = [load(), start("the argument", Options::DEFAULT)].map(|job| echo.submit(Asked::new(job))).into();
    let asked = echo.ask(operation::ARGUMENT, "");
    for job in jobs {
        assert!(matches!(job.only_answer(), Outcome::Ok(_)));
    }
    assert_eq!(asked.only_answer(), ok("the argument"));
}

#[test]
fn nothing_runs_inline_before_the_service_has_started() {
    let (echo, _) = loaded();
    assert_eq!(echo.inline(operation::ECHO, ""), None);
    assert_eq!(echo.submit(Asked::new(start("", Options::DEFAULT))).only_answer(), ok(""));
    assert_eq!(echo.inline_when_idle(operation::ECHO, "now"), ok("now"));
}

#[test]
fn what_comes_too_early_is_refused() {
    let (echo, _) = Echo::blank(&engine(1));
    let early = echo.submit(Asked::new(start("", Options::DEFAULT))).only_answer();
    assert!(refusal(&early).contains("no service has been loaded"), "{early:?}");
    assert!(matches!(echo.submit(Asked::new(load())).only_answer(), Outcome::Ok(_)));
    let early = echo.ask(operation::ECHO, "").only_answer();
    assert!(refusal(&early).contains("no service has been started"), "{early:?}");
}

#[test]
fn what_comes_twice_is_refused() {
    let echo = Echo::start();
    let again = echo.submit(Asked::new(load())).only_answer();
    assert!(refusal(&again).contains("loaded a service already"), "{again:?}");
    let again = echo.submit(Asked::new(start("", Options::DEFAULT))).only_answer();
    assert!(refusal(&again).contains("started already"), "{again:?}");
    assert_eq!(echo.ask(operation::ECHO, "alive").only_answer(), ok("alive"));
}

#[test]
fn a_service_that_refuses_to_start_is_closed() {
    let (echo, _) = loaded();
    let asked = echo.submit(Asked::new(start("fail", Options::DEFAULT)));
    let behind = Asked::call(operation::ECHO, "");
    let accepted = echo.instance.submit(&behind.ticket).is_ok();
    assert_eq!(asked.only_answer(), Outcome::Failed { code: 7, message: "told to fail".into() });
    if accepted {
        assert_eq!(behind.only_answer(), Outcome::Closed);
    }
    assert_eq!(echo.instance.submit(&Asked::call(operation::ECHO, "").ticket), Err(Outcome::Closed));
    // Whoever asked for the start knows already.
    echo.drop_without_news();
}

#[test]
fn a_panic_while_starting_is_the_answer() {
    let (echo, _) = loaded();
    let outcome = echo.submit(Asked::new(start("panic", Options::DEFAULT))).only_answer();
    let Outcome::Panicked(message) = outcome else { panic!("{outcome:?}") };
    assert!(message.starts_with(b"told to panic at "), "{message:?}");
    wait_until("the instance is closed", || echo.instance.info()[0] == 3);
    echo.drop_without_news();
}

#[test]
fn a_service_emits_while_it_starts() {
    let (echo, gate) = loaded();
    let asked = echo.submit(Asked::new(start("emit", Options::DEFAULT)));
    assert_eq!(echo.next(), News::Event("started".into()));
    assert!(!asked.is_answered());
    drop(gate);
    assert_eq!(asked.only_answer(), ok(""));
}

#[test]
fn a_start_that_was_cancelled_in_the_queue_does_not_happen() {
    let (echo, _) = loaded();
    let asked = Asked::new(start("emit", Options::DEFAULT));
    assert!(asked.ticket.cancel());
    echo.submit(asked).nothing_comes();
    let early = echo.ask(operation::ECHO, "").only_answer();
    assert!(refusal(&early).contains("no service has been started"), "{early:?}");
    echo.drop_without_news();
}
