//! Streams whose credit, cancel and end race with the worker that makes their parts.

use std::sync::{Arc, Barrier};
use std::thread;

use linkspan_engine::{Options, Outcome};

use crate::asked::{Asked, ok, part};
use crate::echo::{Echo, operation};
use crate::memory_host::{engine, wait_until};

const ROUNDS: u64 = 3000;

fn start() -> Echo {
    Echo::start_gated(&engine(2), Options::DEFAULT).0
}

fn number(outcome: &Outcome) -> u64 {
    let Outcome::Part(bytes) = outcome else { panic!("{outcome:?} is no part") };
    std::str::from_utf8(bytes).unwrap().parse().unwrap()
}

/// Each part brings the credit for the next: one wake-up lost, and nothing comes any more.
#[test]
fn no_credit_is_lost_on_a_stream_that_is_just_parking() {
    let echo = start();
    let stream = echo.submit(Asked::stream(operation::FOREVER, "", 1));
    for number in 1..=5 * ROUNDS {
        assert_eq!(stream.answer(), part(&number.to_string()));
        stream.ticket.credit(1);
    }
    assert!(stream.ticket.cancel() || stream.ticket.is_done());
}

#[test]
fn credit_from_two_threads_adds_up() {
    let echo = start();
    let stream = echo.submit(Asked::stream(operation::COUNT_TO, &(2 * ROUNDS).to_string(), 0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..ROUNDS).for_each(|_| stream.ticket.credit(1)));
        }
        for number in 1..=2 * ROUNDS {
            assert_eq!(stream.answer(), part(&number.to_string()));
        }
    });
    assert!(!stream.is_answered(), "the end needs credit as well");
    stream.ticket.credit(1);
    assert_eq!(stream.only_answer(), ok(""));
}

#[test]
fn after_a_cancel_that_won_no_part_comes_and_after_one_that_did_not_the_end() {
    let echo = start();
    let mut seen = [false; 2];
    for round in 0..ROUNDS {
        let stream = echo.submit(Asked::stream(operation::FOREVER, "", u32::MAX));
        for _ in 0..round % 40 {
            number(&stream.answer());
        }
        if stream.ticket.cancel() {
            seen[0] = true;
            // What has been handed over before is there already.
            let mut last = 0;
            while stream.is_answered() {
                last = number(&stream.answer()).max(last);
            }
            stream.nothing_comes();
        } else {
            seen[1] = true;
            while stream.answer() != Outcome::Cancelled {}
            stream.nothing_comes();
        }
    }
    assert!(seen[0], "no cancel has ever won");
    wait_until("all streams are dropped", || echo.ask(operation::STREAMS, "").answer() == ok("0"));
}

#[test]
fn credit_and_cancel_race_for_a_parked_stream() {
    let echo = start();
    for _ in 0..ROUNDS {
        let stream = echo.submit(Asked::stream(operation::FOREVER, "", 1));
        number(&stream.answer());
        let barrier = Arc::new(Barrier::new(2));
        thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                stream.ticket.credit(3);
            });
            barrier.wait();
            if !stream.ticket.cancel() {
                while stream.answer() != Outcome::Cancelled {}
            }
        });
        while stream.is_answered() {
            number(&stream.answer());
        }
        stream.nothing_comes();
    }
    wait_until("all streams are dropped", || echo.ask(operation::STREAMS, "").answer() == ok("0"));
}

#[test]
fn closing_races_with_the_making_of_parts() {
    for round in 0..300 {
        let echo = start();
        let streams: Vec<_> =
            (0..4).map(|i| echo.submit(Asked::stream(operation::FOREVER, "", [1, u32::MAX][i % 2]))).collect();
        for _ in 0..round % 8 {
            number(&streams[1].answer());
        }
        let tickets: Vec<_> = streams.iter().map(|stream| stream.ticket.clone()).collect();
        let giver = thread::spawn(move || tickets.iter().for_each(|ticket| ticket.credit(2)));
        drop(echo.instance);
        for stream in streams {
            loop {
                match stream.answer() {
                    Outcome::Part(_) => {}
                    end => break assert_eq!(end, Outcome::Closed),
                }
            }
            stream.nothing_comes();
        }
        giver.join().unwrap();
    }
}
