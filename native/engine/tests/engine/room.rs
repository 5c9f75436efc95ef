//! Bounds of the queue: what is refused as busy, and who is told when there is room again.

use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Sender, bounded, unbounded};
use linkspan_engine::{Job, Options, Outcome, Recipient, Ticket};

use crate::asked::{Asked, ok};
use crate::echo::{Echo, operation};
use crate::memory_host::{PATIENCE, engine};

fn limits(limit: usize, bytes: usize) -> Options {
    Options { limit, bytes, ..Options::DEFAULT }
}

/// Waits for room for a body of so many bytes.
fn await_room(echo: &Echo, wanted: usize) -> Asked {
    let asked = Asked::new(Job::Room { wanted });
    echo.instance.await_room(&asked.ticket, wanted);
    asked
}

fn refused(echo: &Echo, body: &str) -> Outcome {
    let asked = Asked::call(operation::ECHO_LONG, body);
    let refused = echo.instance.submit(&asked.ticket).unwrap_err();
    asked.nothing_comes();
    refused
}

#[test]
fn a_full_queue_refuses() {
    let (echo, gate) = Echo::start_gated(&engine(1), limits(2, 1000));
    let running = echo.occupy();
    let waiting = echo.ask(operation::ECHO, "");
    assert_eq!(refused(&echo, ""), Outcome::Busy);
    assert_eq!(echo.instance.counts().busy, 1);
    drop(gate);
    assert_eq!(running.only_answer(), ok(""));
    assert_eq!(waiting.only_answer(), ok(""));
    assert_eq!(echo.ask(operation::ECHO, "again").only_answer(), ok("again"));
}

#[test]
fn bytes_are_bounded_too() {
    let (echo, gate) = Echo::start_gated(&engine(1), limits(100, 10));
    let running = echo.occupy();
    assert_eq!(refused(&echo, "1234567"), Outcome::Busy, "beside the 4 bytes that run");
    let waiting = echo.ask(operation::ECHO, "123456");
    assert_eq!(refused(&echo, "1"), Outcome::Busy);
    let empty = echo.ask(operation::ECHO, "");
    drop(gate);
    assert_eq!(running.only_answer(), ok(""));
    assert_eq!(waiting.only_answer(), ok("123456"));
    assert_eq!(empty.only_answer(), ok(""));
}

#[test]
fn a_body_longer_than_the_limit_is_accepted_when_nothing_else_is_open() {
    let (echo, gate) = Echo::start_gated(&engine(1), limits(100, 10));
    let long = "a body of more than ten bytes";
    let running = echo.occupy();
    assert_eq!(refused(&echo, long), Outcome::Busy);
    let room = await_room(&echo, long.len());
    assert!(!room.is_answered());
    drop(gate);
    assert_eq!(running.only_answer(), ok(""));
    assert_eq!(room.only_answer(), ok(""));
    assert_eq!(echo.ask(operation::ECHO, long).only_answer(), ok(long));
}

#[test]
fn whoever_has_its_answer_finds_room_for_the_next_request() {
    /// Sends the next request at the very moment of the answer.
    struct Next(Arc<Echo>, Sender<Result<(), Outcome>>);
    impl Recipient for Next {
        fn reply(&self, _: Outcome) {
            let _ = self.1.send(self.0.instance.submit(&Asked::call(operation::ECHO_LONG, "0123456789").ticket));
        }
    }
    let echo = Arc::new(Echo::start_with(limits(1, 10)));
    let (sender, accepted) = unbounded();
    let job = Job::Call { operation: operation::ECHO_LONG, cast: false, body: "0123456789".into() };
    let ticket = Ticket::attached(job, Box::new(Next(echo.clone(), sender)));
    echo.instance.submit(&Arc::new(ticket)).unwrap();
    assert_eq!(accepted.recv_timeout(PATIENCE), Ok(Ok(())));
}

#[test]
fn room_is_told_at_once_if_there_is_some() {
    let (echo, gate) = Echo::start_gated(&engine(1), limits(2, 10));
    assert_eq!(await_room(&echo, usize::MAX).only_answer(), ok(""), "nothing is open");
    let running = echo.occupy();
    assert_eq!(await_room(&echo, 6).only_answer(), ok(""));
    let too_long = await_room(&echo, 7);
    assert!(!too_long.is_answered());
    drop(gate);
    running.only_answer();
    assert_eq!(too_long.only_answer(), ok(""));
}

#[test]
fn one_place_is_told_to_one() {
    let (echo, gate) = Echo::start_gated(&engine(1), limits(2, 1000));
    let first = echo.occupy();
    let second = echo.ask(operation::EMIT, "second");
    let rooms = [await_room(&echo, 1), await_room(&echo, 1)];
    gate.send(()).unwrap();
    first.only_answer();
    // The second request is at the gate now: one place is free.
    echo.next();
    assert_eq!(rooms[0].answer(), ok(""));
    assert!(!rooms[1].is_answered());
    drop(gate);
    second.only_answer();
    assert_eq!(rooms[1].answer(), ok(""));
}

#[test]
fn the_place_of_one_who_withdrew_goes_to_the_next() {
    let (echo, gate) = Echo::start_gated(&engine(1), limits(2, 1000));
    let first = echo.occupy();
    let second = echo.ask(operation::EMIT, "second");
    let (withdrawn, next) = (await_room(&echo, 1), await_room(&echo, 1));
    assert!(withdrawn.ticket.cancel());
    gate.send(()).unwrap();
    first.only_answer();
    echo.next();
    // The second request is still open, for as long as it likes; but there is room for one beside it.
    assert!(!second.is_answered());
    assert_eq!(next.answer(), ok(""));
    drop(gate);
    second.only_answer();
}

#[test]
fn those_who_wait_for_room_are_told_of_the_end() {
    let (echo, gate) = Echo::start_gated(&engine(1), limits(1, 1000));
    let running = echo.occupy();
    let rooms: Vec<_> = (0..3).map(|_| await_room(&echo, 1)).collect();
    echo.instance.close();
    let late = await_room(&echo, 1);
    assert_eq!(late.only_answer(), Outcome::Closed);
    drop(gate);
    running.only_answer();
    for room in rooms {
        let outcome = room.only_answer();
        assert!(outcome == Outcome::Closed || outcome == ok(""), "{outcome:?}");
    }
}

#[test]
fn everybody_is_told_when_the_queue_runs_empty() {
    let (echo, gate) = Echo::start_gated(&engine(1), limits(1, 10));
    let running = echo.occupy();
    let rooms: Vec<_> = [1, 10, 11, usize::MAX].map(|wanted| await_room(&echo, wanted)).into();
    drop(gate);
    running.only_answer();
    for room in rooms {
        assert_eq!(room.only_answer(), ok(""));
    }
}

#[test]
fn nobody_waits_for_ever() {
    for options in [limits(1, 1000), limits(3, 10), limits(100, 1)] {
        let (echo, _) = Echo::start_gated(&engine(2), options);
        let send = |sender: usize| {
            let body = "x".repeat(1 + 3 * sender);
            for _ in 0..150 {
                loop {
                    let asked = Asked::call(operation::ECHO_LONG, &body);
                    match echo.instance.submit(&asked.ticket) {
                        Ok(()) => {
                            assert_eq!(asked.only_answer(), ok(&body));
                            break;
                        }
                        Err(refused) => assert_eq!(refused, Outcome::Busy),
                    }
                    assert_eq!(await_room(&echo, body.len()).only_answer(), ok(""));
                }
            }
        };
        thread::scope(|scope| {
            for sender in 0..4 {
                let send = &send;
                scope.spawn(move || send(sender));
            }
        });
        assert_eq!(echo.instance.counts().deferred, 600);
    }
}

#[test]
fn nobody_is_left_waiting_by_one_who_was_refused_and_gave_up() {
    let (echo, _) = Echo::start_gated(&engine(1), limits(1, 1000));
    let echo = &echo;
    thread::scope(|scope| {
        let (go, told_to_go) = bounded::<()>(0);
        let (done, is_done) = bounded(1);
        scope.spawn(move || {
            for () in told_to_go {
                let asked = Asked::call(operation::ECHO_LONG, "");
                if echo.instance.submit(&asked.ticket).is_ok() {
                    asked.answer();
                }
                let _ = done.send(());
            }
        });
        for _ in 0..5000 {
            let running = echo.ask(operation::ECHO_LONG, "");
            go.send(()).unwrap();
            assert_eq!(await_room(echo, 1).only_answer(), ok(""));
            assert_eq!(running.only_answer(), ok(""));
            is_done.recv_timeout(PATIENCE).unwrap();
        }
    });
}

#[test]
fn review_one_who_fits_is_not_kept_waiting_by_one_who_does_not() {
    let (echo, gate) = Echo::start_gated(&engine(1), limits(100, 10));
    let running = echo.occupy();
    let stream = Asked::stream(operation::FOREVER, "", 0);
    echo.instance.submit(&stream.ticket).unwrap();
    let large = await_room(&echo, 11);
    let small = await_room(&echo, 7);
    drop(gate);
    assert_eq!(running.only_answer(), ok(""));
    assert_eq!(small.only_answer(), ok(""));
    assert!(!large.is_answered());
}
