//! Panics: what the caller, the others in the queue and the host are told.

use std::sync::Arc;
use std::time::Duration;

use linkspan_engine::{Attempt, Job, OnPanic, Options, Outcome, Recipient, Ticket};

use crate::asked::{Asked, ok};
use crate::echo::{Echo, operation};
use crate::memory_host::{News, engine};

const KEEP: Options = Options { on_panic: OnPanic::Keep, ..Options::DEFAULT };

/// The message of a panic.
fn message(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Panicked(message) => String::from_utf8(message.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_panic_is_the_answer_with_its_place_and_ends_the_instance() {
    let echo = Echo::start();
    let outcome = echo.ask(operation::PANIC, "ouch").only_answer();
    let message = message(&outcome);
    assert!(message.starts_with("ouch at ") && message.contains("lib.rs:"), "{message}");
    assert_eq!(echo.next(), News::Ended(outcome));
    assert_eq!(echo.instance.submit(&Asked::call(operation::ECHO, "").ticket), Err(Outcome::Closed));
    assert_eq!(echo.inline(operation::ECHO, ""), None);
    assert_eq!(echo.instance.counts().panics, 1);
    echo.drop_without_news();
}

/// A recipient who comes when the answer is there already.
struct Nobody;

impl Recipient for Nobody {
    fn reply(&self, outcome: Outcome) {
        panic!("not at once: {outcome:?}");
    }
}

/// A request that panics, and whose caller has yet to attach.
fn panic_later(echo: &Echo) -> Arc<Ticket> {
    let job = Job::Call { operation: operation::PANIC, cast: false, body: "ouch".into() };
    let ticket = Arc::new(Ticket::unattached(job));
    echo.instance.submit(&ticket).unwrap();
    ticket
}

#[test]
fn the_end_waits_for_a_caller_who_has_yet_to_attach() {
    let echo = Echo::start();
    let panics = panic_later(&echo);
    while echo.instance.submit(&Asked::call(operation::ECHO, "").ticket).is_ok() {}
    assert!(echo.news.recv_timeout(Duration::from_millis(100)).is_err(), "nobody knows yet why");
    let outcome = panics.attach(Box::new(Nobody)).expect("the panic");
    assert!(message(&outcome).starts_with("ouch at "));
    assert_eq!(echo.next(), News::Ended(outcome));
    echo.drop_without_news();
}

#[test]
fn the_end_does_not_wait_for_ever() {
    let echo = Echo::start();
    panic_later(&echo);
    assert!(matches!(echo.next(), News::Ended(Outcome::Panicked(_))));
    echo.drop_without_news();
}

#[test]
fn a_panic_inline_ends_the_instance_after_its_answer() {
    let echo = Echo::start();
    let run = echo.run_when_idle(operation::PANIC_SHORT, "ouch", &mut []);
    let Attempt::Ended(run) = run else { panic!("{run:?}") };
    let outcome = &run.outcome;
    assert!(message(outcome).starts_with("ouch at "), "{outcome:?}");
    assert!(echo.news.is_empty(), "the answer has not yet been handed over");
    let outcome = outcome.clone();
    drop(run);
    assert_eq!(echo.next(), News::Ended(outcome));
    echo.drop_without_news();
}

#[test]
fn nothing_reaches_the_service_between_a_panic_and_the_end() {
    let echo = Echo::start();
    let run = echo.run_when_idle(operation::PANIC_SHORT, "ouch", &mut []);
    // The state is not trusted from the panic on, not only once its answer has been handed over.
    assert_eq!(echo.inline(operation::COUNT, ""), None, "inline");
    let asked = Asked::call(operation::COUNT, "");
    let accepted = echo.instance.submit(&asked.ticket).is_ok();
    drop(run);
    if accepted {
        assert_eq!(asked.only_answer(), Outcome::Closed, "deferred");
    }
    assert!(matches!(echo.next(), News::Ended(_)));
}

#[test]
fn a_panic_closes_what_waits_and_ends_the_instance_once() {
    let (echo, gate) = Echo::start_gated(&engine(2), Options::DEFAULT);
    let running = echo.occupy();
    let first = echo.ask(operation::PANIC, "first");
    let second = echo.ask(operation::PANIC, "second");
    let waiting: Vec<_> = (0..10).map(|_| echo.ask(operation::ECHO, "")).collect();
    drop(gate);
    assert_eq!(running.only_answer(), ok(""));
    let outcome = first.only_answer();
    assert!(message(&outcome).starts_with("first at "));
    assert_eq!(second.only_answer(), Outcome::Closed);
    for asked in waiting {
        assert_eq!(asked.only_answer(), Outcome::Closed);
    }
    assert_eq!(echo.next(), News::Ended(outcome));
    echo.drop_without_news();
}

#[test]
fn the_caller_is_answered_before_the_host_is_told() {
    let echo = Echo::start();
    let asked = echo.ask(operation::PANIC, "ouch");
    assert!(matches!(echo.next(), News::Ended(_)));
    assert!(asked.is_answered());
}

#[test]
fn a_panic_in_a_cast_ends_the_instance() {
    let echo = Echo::start();
    let body = "ouch".into();
    let job = linkspan_engine::Job::Call { operation: operation::PANIC, cast: true, body };
    echo.instance.submit(&Ticket::unattached(job).into()).unwrap();
    assert!(matches!(echo.next(), News::Ended(outcome) if message(&outcome).starts_with("ouch at ")));
}

#[test]
fn an_instance_that_keeps_lives_through_panics() {
    let echo = Echo::start_with(KEEP);
    assert!(message(&echo.ask(operation::PANIC, "one").only_answer()).starts_with("one at "));
    assert!(message(&echo.inline_when_idle(operation::PANIC_SHORT, "two")).starts_with("two at "));
    assert_eq!(echo.ask(operation::COUNT, "").only_answer(), ok("3"), "the state is still there");
    assert_eq!(echo.instance.counts().panics, 2);
    echo.drop_without_news();
}
