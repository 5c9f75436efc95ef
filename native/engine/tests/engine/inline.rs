//! What runs on the thread that brings it, and what does not.

use linkspan_engine::{Attempt, Options, Outcome};

use crate::asked::ok;
use crate::echo::{Echo, operation};
use crate::memory_host::{News, engine};

#[test]
fn a_short_request_to_an_idle_instance_runs_inline() {
    let echo = Echo::start();
    assert_eq!(echo.inline_when_idle(operation::ECHO, "hello"), ok("hello"));
    assert_eq!((echo.instance.counts().inline, echo.instance.counts().deferred), (1, 0));
}

#[test]
fn a_short_answer_is_written_into_the_room_and_a_longer_one_is_not() {
    let echo = Echo::start();
    let mut room = [0; 5];
    let run = echo.run_when_idle(operation::ECHO, "12345", &mut room);
    assert!(matches!(run, Attempt::Written { len: 5, .. }), "{run:?}");
    assert_eq!(&room, b"12345");
    let run = echo.run_when_idle(operation::ECHO, "123456", &mut room);
    assert!(matches!(&run, Attempt::Ended(run) if run.outcome == ok("123456")), "{run:?}");
    assert_eq!(&room, b"12345", "nothing is written when the answer does not fit");
}

#[test]
fn a_long_request_is_never_run_inline() {
    let echo = Echo::start();
    echo.inline_when_idle(operation::ECHO, "");
    assert_eq!(echo.inline(operation::ECHO_LONG, "hello"), None);
    assert_eq!(echo.ask(operation::ECHO_LONG, "hello").only_answer(), ok("hello"));
    assert_eq!(echo.instance.counts().deferred, 1);
}

#[test]
fn nothing_runs_inline_while_a_request_runs_or_waits() {
    let (echo, gate) = Echo::start_gated(&engine(1), Options::DEFAULT);
    let running = echo.occupy();
    assert_eq!(echo.inline(operation::ECHO, ""), None);
    let waiting = echo.ask(operation::ECHO, "first");
    assert_eq!(echo.inline(operation::ECHO, "second"), None);
    drop(gate);
    assert_eq!(running.only_answer(), ok(""));
    assert_eq!(waiting.only_answer(), ok("first"));
}

#[test]
fn the_events_of_an_inline_run_come_before_its_return() {
    let (echo, gate) = Echo::start_gated(&engine(1), Options::DEFAULT);
    drop(gate);
    assert_eq!(echo.inline_when_idle(operation::EMIT, "first"), ok(""));
    assert_eq!(echo.news.try_recv(), Ok(News::Event("first".into())));
}

#[test]
fn an_unknown_operation_never_reaches_the_service() {
    let echo = Echo::start();
    assert_eq!(echo.inline_when_idle(operation::UNKNOWN, ""), Outcome::UnknownOperation(operation::UNKNOWN));
    assert_eq!(echo.ask(operation::UNKNOWN, "").only_answer(), Outcome::UnknownOperation(operation::UNKNOWN));
    assert_eq!(echo.instance.counts().errors, 2);
    assert_eq!(echo.ask(operation::COUNT, "").only_answer(), ok("1"), "counts the requests it sees");
}

#[test]
fn what_the_service_refuses_is_the_same_inline_and_deferred() {
    let echo = Echo::start();
    let failed = Outcome::Failed { code: 42, message: "no".into() };
    assert_eq!(echo.inline_when_idle(operation::FAIL, "no"), failed);
    assert_eq!(echo.ask(operation::FAIL, "no").only_answer(), failed);
    let refused = Outcome::BadRequest("refused".into());
    assert_eq!(echo.inline_when_idle(operation::REFUSE, ""), refused);
    assert_eq!(echo.ask(operation::REFUSE, "").only_answer(), refused);
    assert_eq!(echo.instance.counts().errors, 4);
    assert_eq!(echo.inline_when_idle(operation::ECHO, "alive"), ok("alive"));
}

#[test]
fn the_service_sees_the_name_of_the_host() {
    let echo = Echo::start();
    assert_eq!(echo.inline_when_idle(operation::HOST, ""), ok("memory"));
    assert_eq!(echo.ask(operation::HOST, "").only_answer(), ok("memory"));
}
