//! Answers in parts: credit, ends, and what is left of them.

use std::ops::RangeInclusive;

use linkspan_engine::{Job, OnPanic, Options, Outcome};

use crate::asked::{Asked, ok, part};
use crate::echo::{Echo, HOUR, operation, start};
use crate::memory_host::{News, engine, wait_until};

fn parts(numbers: RangeInclusive<u64>) -> Vec<Outcome> {
    numbers.map(|number| part(&number.to_string())).collect()
}

impl Echo {
    fn stream(&self, operation: u32, body: &str, credit: u32) -> Asked {
        self.submit(Asked::stream(operation, body, credit))
    }

    /// What a call answers that comes behind all that is queued.
    fn tell(&self, operation: u32) -> Outcome {
        self.inline(operation, "").unwrap_or_else(|| self.ask(operation, "").answer())
    }

    fn wait_until_told(&self, operation: u32, body: &str) {
        wait_until("the service says so", || self.tell(operation) == ok(body));
    }
}

#[test]
fn all_parts_come_in_order_and_then_the_end() {
    let echo = Echo::start();
    let stream = echo.stream(operation::COUNT_TO, "1000", 2000);
    assert_eq!(stream.parts(1000), parts(1..=1000));
    assert_eq!(stream.only_answer(), ok(""));
    assert_eq!(echo.tell(operation::STREAMS), ok("0"));
}

#[test]
fn no_part_is_made_without_credit() {
    let echo = Echo::start();
    let stream = echo.stream(operation::FOREVER, "", 3);
    assert_eq!(stream.parts(3), parts(1..=3));
    assert_eq!(echo.tell(operation::PRODUCED), ok("3"));
    stream.ticket.credit(2);
    assert_eq!(stream.parts(2), parts(4..=5));
    stream.ticket.credit(0);
    assert_eq!(echo.tell(operation::PRODUCED), ok("5"));
    assert!(!stream.is_answered());
}

#[test]
fn credit_does_not_overflow() {
    let echo = Echo::start();
    let running = echo.ask(operation::SLEEP, HOUR);
    let stream = echo.stream(operation::COUNT_TO, "100", u32::MAX);
    stream.ticket.credit(1);
    running.ticket.cancel();
    assert_eq!(stream.parts(100), parts(1..=100));
    assert_eq!(stream.only_answer(), ok(""));
}

#[test]
fn a_stream_without_credit_begins_when_some_comes() {
    let echo = Echo::start();
    let stream = echo.stream(operation::COUNT_TO, "1", 0);
    assert_eq!(echo.tell(operation::STREAMS), ok("1"));
    assert!(!stream.is_answered());
    stream.ticket.credit(1);
    assert_eq!(stream.answer(), part("1"));
    stream.ticket.credit(1);
    assert_eq!(stream.only_answer(), ok(""));
}

#[test]
fn an_error_and_a_panic_end_a_stream_behind_its_parts() {
    let echo = Echo::start_with(Options { on_panic: OnPanic::Keep, ..Options::DEFAULT });
    let failing = echo.stream(operation::STREAM_FAIL, "2", 9);
    assert_eq!(failing.parts(2), parts(1..=2));
    assert_eq!(failing.only_answer(), Outcome::Failed { code: 42, message: "told to fail".into() });
    let panicking = echo.stream(operation::STREAM_PANIC, "2", 9);
    assert_eq!(panicking.parts(2), parts(1..=2));
    assert!(matches!(panicking.only_answer(), Outcome::Panicked(_)));
    assert_eq!(echo.tell(operation::STREAMS), ok("0"));
    let counts = echo.instance.counts();
    assert_eq!((counts.errors, counts.panics), (1, 1));
}

#[test]
fn a_panic_in_a_stream_ends_the_instance_and_its_other_streams() {
    let echo = Echo::start();
    let other = echo.stream(operation::FOREVER, "", 1);
    let panicking = echo.stream(operation::STREAM_PANIC, "0", 1);
    assert!(matches!(panicking.only_answer(), Outcome::Panicked(_)));
    assert_eq!(other.parts(1), parts(1..=1));
    assert_eq!(other.only_answer(), Outcome::Closed);
    assert!(matches!(echo.next(), News::Ended(Outcome::Panicked(_))));
}

#[test]
fn a_parked_stream_that_is_cancelled_is_dropped_and_leaves_its_place() {
    let echo = Echo::start_with(Options { limit: 2, ..Options::DEFAULT });
    let stream = echo.stream(operation::FOREVER, "", 1);
    assert_eq!(stream.answer(), part("1"));
    assert_eq!(echo.tell(operation::STREAMS), ok("1"));
    let second = echo.stream(operation::FOREVER, "", 1);
    assert_eq!(second.answer(), part("1"));
    let refused = Asked::call(operation::ECHO, "");
    assert_eq!(echo.instance.submit(&refused.ticket), Err(Outcome::Busy), "open streams count");
    assert!(stream.ticket.cancel());
    assert!(!stream.ticket.cancel(), "already");
    stream.ticket.credit(5);
    stream.nothing_comes();
    echo.wait_until_told(operation::STREAMS, "1");
    assert_eq!(echo.instance.counts().cancelled, 1);
    assert!(second.ticket.cancel());
    second.nothing_comes();
    wait_until("nothing is open", || echo.instance.info()[1..17] == [0; 16]);
}

#[test]
fn a_stream_cancelled_in_the_queue_never_begins() {
    let (echo, gate) = Echo::start_gated(&engine(1), Options::DEFAULT);
    let running = echo.occupy();
    let queued = echo.stream(operation::STREAM_PANIC, "0", 1);
    assert!(queued.ticket.cancel());
    drop(gate);
    assert_eq!(running.only_answer(), ok(""));
    queued.nothing_comes();
    assert_eq!(echo.tell(operation::STREAMS), ok("0"));
}

#[test]
fn closing_answers_streams_in_the_queue_and_parked_ones() {
    let (echo, gate) = Echo::start_gated(&engine(1), Options::DEFAULT);
    let parked = echo.stream(operation::FOREVER, "", 1);
    let endless = echo.stream(operation::FOREVER, "", u32::MAX);
    assert_eq!(parked.answer(), part("1"));
    assert_eq!(endless.answer(), part("1"));
    let running = echo.occupy();
    let queued = echo.stream(operation::FOREVER, "", 1);
    echo.instance.close();
    drop(gate);
    assert_eq!(parked.only_answer(), Outcome::Closed);
    assert_eq!(queued.only_answer(), Outcome::Closed);
    running.only_answer();
    while endless.answer() != Outcome::Closed {}
    endless.nothing_comes();
    wait_until("nothing is open", || echo.instance.info()[1..17] == [0; 16]);
}

#[test]
fn a_stream_whose_instance_has_closed_takes_credit_and_cancels_in_vain() {
    let echo = Echo::start();
    let stream = echo.stream(operation::FOREVER, "", 0);
    echo.instance.close();
    assert_eq!(stream.answer(), Outcome::Closed);
    stream.ticket.credit(1);
    assert!(!stream.ticket.cancel());
    stream.nothing_comes();
}

#[test]
fn a_plain_answer_is_a_stream_of_one_part() {
    let echo = Echo::start();
    let stream = echo.stream(operation::ECHO, "hi", 1);
    assert_eq!(stream.answer(), part("hi"));
    assert_eq!(stream.only_answer(), ok(""));
    let empty = echo.stream(operation::ECHO, "", 1);
    assert_eq!(empty.answer(), part(""));
    assert_eq!(empty.only_answer(), ok(""));
    let refused = echo.stream(operation::FAIL, "no", 1);
    assert_eq!(refused.only_answer(), Outcome::Failed { code: 42, message: "no".into() });
    let unknown = echo.stream(operation::UNKNOWN, "", 1);
    assert_eq!(unknown.only_answer(), Outcome::UnknownOperation(operation::UNKNOWN));
    assert!(matches!(echo.stream(operation::COUNT_TO, "x", 1).only_answer(), Outcome::BadRequest(_)));
}

#[test]
fn a_stream_that_nobody_asked_for_is_dropped() {
    let echo = Echo::start();
    let bad = Outcome::BadRequest("the answer is a stream: ask for it with stream/3".into());
    // Its cost is to be learnt: the first are deferred, the later ones inline.
    for _ in 0..32 {
        let call = echo.inline(operation::COUNT_TO, "9");
        assert_eq!(call.unwrap_or_else(|| echo.ask(operation::COUNT_TO, "9").only_answer()), bad);
    }
    assert_eq!(echo.inline_when_idle(operation::STREAMS, ""), ok("0"));
    assert_eq!(echo.instance.counts().errors, 32);
    let cast = Job::Call { operation: operation::FOREVER, cast: true, body: "".into() };
    echo.submit(Asked::new(cast)).only_answer();
    assert_eq!(echo.tell(operation::STREAMS), ok("0"));
    assert_eq!(echo.instance.counts().errors, 33);
}

#[test]
fn two_streams_and_calls_take_turns() {
    let echo = Echo::start();
    let one = echo.stream(operation::FOREVER, "", u32::MAX);
    let other = echo.stream(operation::FOREVER, "", u32::MAX);
    for number in 1..=100 {
        assert_eq!(one.answer(), part(&number.to_string()));
        assert_eq!(other.answer(), part(&number.to_string()));
        assert_eq!(echo.ask(operation::ECHO_LONG, "hi").only_answer(), ok("hi"));
    }
    echo.instance.close();
}

#[test]
fn a_part_is_noted_as_a_deferred_run() {
    let echo = Echo::start();
    let stream = echo.stream(operation::COUNT_TO, "3", 9);
    stream.parts(3);
    assert_eq!(stream.only_answer(), ok(""));
    assert_eq!(echo.instance.counts().deferred, 1, "one request");
    // The request itself, three parts, and the end.
    assert_eq!(echo.instance.info()[97..105], 5u64.to_be_bytes());
}

#[test]
fn a_stream_to_an_instance_without_a_service_is_refused() {
    let (echo, _) = Echo::blank(&engine(1));
    let refused = echo.stream(operation::COUNT_TO, "1", 1).only_answer();
    assert_eq!(refused, Outcome::BadRequest("no service has been started".into()));
}

#[test]
fn a_dedicated_service_makes_and_drops_its_parts_on_its_own_thread() {
    let (echo, _) = Echo::blank(&engine(2));
    let path = crate::echo::echo_library();
    for job in [Job::Load { path, service: "bound".into() }, start("", Options::DEFAULT)] {
        assert!(matches!(echo.submit(Asked::new(job)).only_answer(), Outcome::Ok(_)));
    }
    let (thread, stream) = (1, 4);
    let Outcome::Ok(home) = echo.ask(thread, "").only_answer() else { panic!("no home") };
    let first = echo.stream(stream, "", 1);
    assert_eq!(first.answer(), Outcome::Part(home.clone()));
    first.ticket.credit(1);
    assert_eq!(first.answer(), Outcome::Part(home.clone()));
    assert!(first.ticket.cancel());
    first.nothing_comes();
    let second = echo.stream(stream, "", 1);
    assert_eq!(second.answer(), Outcome::Part(home));
    drop(echo.instance);
    assert_eq!(second.only_answer(), Outcome::Closed);
}

#[test]
fn a_stream_waits_its_turn() {
    let echo = Echo::start();
    let running = echo.ask(operation::SLEEP, HOUR);
    let stream = echo.stream(operation::COUNT_TO, "1", 2);
    wait_until("the request runs", || echo.instance.counts().deferred == 1);
    assert!(!stream.is_answered());
    running.ticket.cancel();
    assert_eq!(stream.parts(1), parts(1..=1));
    assert_eq!(stream.only_answer(), ok(""));
}

#[test]
fn a_stream_has_no_deadline_and_its_canceller_tells_of_its_cancel() {
    let echo = Echo::start();
    assert_eq!(echo.stream(operation::REMAINING, "", 1).answer(), part("infinity"));
    let whole = echo.stream(operation::WATCHED, "1", 2);
    assert_eq!(whole.parts(1), [part("")]);
    assert_eq!(whole.only_answer(), ok(""));
    assert_eq!(echo.next(), News::Event("wanted".into()));
    let halted = echo.stream(operation::WATCHED, "9", 1);
    assert_eq!(halted.answer(), part(""));
    assert!(halted.ticket.cancel());
    assert_eq!(echo.next(), News::Event("cancelled".into()));
    halted.nothing_comes();
}
