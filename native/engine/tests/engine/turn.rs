//! Turns on the workers: order, one request at a time, fairness between instances.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use crossbeam_channel::unbounded;
use linkspan_engine::{Job, Options, Outcome, Recipient, Ticket};

use crate::asked::Asked;
use crate::echo::{Echo, operation};
use crate::memory_host::{News, PATIENCE, engine};

/// The number in an answer of `count`.
fn number(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Ok(bytes) => std::str::from_utf8(bytes).unwrap().parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A small pseudo-random sequence.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// What came back at once, or will.
enum Answer {
    Now(Outcome),
    Later(Asked),
}

/// Sends `count`s, inline where possible and queued at random, until enough have run either way. Returns the numbers
/// in the order of sending.
fn send(echo: &Echo, mut dice: Dice) -> Vec<u64> {
    let deadline = Instant::now() + PATIENCE;
    let (mut numbers, mut answers) = (Vec::new(), Vec::new());
    loop {
        let counts = echo.instance.counts();
        let enough = counts.inline >= 100 && counts.deferred >= 100;
        if enough || answers.len() >= 500 || dice.throw(4) == 0 {
            // All that is open is waited for, so that the instance is idle now and then.
            numbers.extend(answers.drain(..).map(|answer| match answer {
                Answer::Now(outcome) => number(&outcome),
                Answer::Later(asked) => number(&asked.only_answer()),
            }));
        }
        if enough {
            return numbers;
        }
        assert!(Instant::now() < deadline, "{counts:?}");
        let at_once = if dice.throw(3) > 0 { echo.inline(operation::COUNT, "") } else { None };
        answers.push(match at_once {
            Some(outcome) => Answer::Now(outcome),
            None => Answer::Later(echo.ask(operation::COUNT, "")),
        });
    }
}

#[test]
fn each_sender_is_served_in_its_own_order_however_its_requests_run() {
    let (echo, _) = Echo::start_gated(&engine(2), Options::DEFAULT);
    thread::scope(|scope| {
        let senders: Vec<_> = (1..=3)
            .map(|seed| {
                scope.spawn({
                    let echo = &echo;
                    move || send(echo, Dice(seed))
                })
            })
            .collect();
        for sender in senders {
            let numbers = sender.join().unwrap();
            assert!(numbers.is_sorted_by(|earlier, later| earlier < later), "{numbers:?}");
        }
    });
}

#[test]
fn an_instance_handles_one_request_at_a_time() {
    const SENDERS: usize = 8;
    const EACH: usize = 400;
    let (echo, _) = Echo::start_gated(&engine(4), Options::DEFAULT);
    let count = |_| echo.ask(operation::COUNT, "");
    let mut numbers: Vec<u64> = thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| scope.spawn(|| (0..EACH).map(count).map(|asked| number(&asked.only_answer())).collect()))
            .collect();
        senders.into_iter().flat_map(|sender| -> Vec<u64> { sender.join().unwrap() }).collect()
    });
    numbers.sort_unstable();
    // Two at once would have counted the same.
    assert_eq!(numbers, (1..=(SENDERS * EACH) as u64).collect::<Vec<_>>());
}

#[test]
fn events_arrive_in_the_order_in_which_they_were_emitted() {
    let (echo, gate) = Echo::start_gated(&engine(2), Options::DEFAULT);
    drop(gate);
    for i in 0..200 {
        let text = i.to_string();
        if i % 3 == 0 || echo.inline(operation::EMIT, &text).is_none() {
            echo.ask(operation::EMIT, &text);
        }
    }
    for i in 0..200 {
        assert_eq!(echo.next(), News::Event(i.to_string().into()));
    }
    assert_eq!(echo.instance.counts().events, 200);
}

#[test]
fn an_instance_that_works_long_does_not_stop_another() {
    let engine = engine(2);
    let (busy, gate) = Echo::start_gated(&engine, Options::DEFAULT);
    let (other, _) = Echo::start_gated(&engine, Options::DEFAULT);
    let running = busy.occupy();
    assert_eq!(number(&other.ask(operation::COUNT, "").only_answer()), 1);
    assert!(!running.is_answered());
    drop(gate);
    running.only_answer();
}

#[test]
fn a_long_queue_lets_another_instance_have_its_turn() {
    const QUEUED: u8 = 200;
    struct Order(crossbeam_channel::Sender<u8>, u8);
    impl Recipient for Order {
        fn reply(&self, _: Outcome) {
            let _ = self.0.send(self.1);
        }
    }
    let engine = engine(1);
    let (long, gate) = Echo::start_gated(&engine, Options::DEFAULT);
    let (short, _) = Echo::start_gated(&engine, Options::DEFAULT);
    let (sender, order) = unbounded();
    let echo = |id: u8| {
        let job = Job::Call { operation: operation::ECHO_LONG, cast: false, body: Bytes::new() };
        Arc::new(Ticket::attached(job, Box::new(Order(sender.clone(), id))))
    };
    let running = long.occupy();
    for id in 1..=QUEUED {
        long.instance.submit(&echo(id)).unwrap();
    }
    short.instance.submit(&echo(0)).unwrap();
    drop(gate);
    running.only_answer();
    let order: Vec<u8> = (0..=QUEUED).map(|_| order.recv_timeout(PATIENCE).unwrap()).collect();
    assert_ne!(order.last(), Some(&0), "the other instance came before the long queue was empty");
    let of_long: Vec<u8> = order.into_iter().filter(|id| *id != 0).collect();
    assert!(of_long.is_sorted());
}

// A cast that panicked in the program host could end the program before it was acknowledged; its caller got `closed`.
#[test]
fn whoever_is_told_of_the_acceptance_is_told_before_the_request_runs() {
    let echo = Echo::start();
    let asked = Asked::call(operation::COUNT, "");
    let meanwhile = || assert_eq!(number(&echo.ask(operation::COUNT, "").only_answer()), 1);
    echo.instance.submit_telling(&asked.ticket, meanwhile).unwrap();
    assert_eq!(number(&asked.only_answer()), 2);
}
