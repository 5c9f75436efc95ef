//! The one answer of a request, whoever races for it.

use std::hint;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;

use linkspan_engine::{Job, Outcome, Recipient, Ticket};

use crate::asked::{Asked, ok};

const ROUNDS: usize = 100_000;

/// Counts what it is told.
struct Counter(Arc<AtomicU32>);

impl Recipient for Counter {
    fn reply(&self, outcome: Outcome) {
        // A panic here would leave the other players waiting.
        self.0.fetch_add(if is_an_answer(&outcome) { 1 } else { 1000 }, SeqCst);
    }
}

fn is_an_answer(outcome: &Outcome) -> bool {
    *outcome == ok("one") || *outcome == ok("other")
}

/// What a thread does to a ticket.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Move {
    Attach,
    Answer(&'static str),
    Cancel,
}

const NOTHING: u8 = 0;
const OUTCOME: u8 = 1;
const CANCELLED: u8 = 2;

/// One ticket and what came of it.
struct Round {
    ticket: Ticket,
    told: Arc<AtomicU32>,
    attach: AtomicU8,
    cancel: AtomicU8,
}

impl Round {
    fn new() -> Self {
        let attach = AtomicU8::new(NOTHING);
        Round {
            ticket: Ticket::unattached(Job::Room { wanted: 0 }),
            told: Arc::default(),
            attach,
            cancel: AtomicU8::new(NOTHING),
        }
    }

    fn play(&self, play: Move) {
        match play {
            Move::Attach => {
                let attached = self.ticket.attach(Box::new(Counter(self.told.clone())));
                let result = match attached {
                    None => NOTHING,
                    Some(Outcome::Cancelled) => CANCELLED,
                    Some(outcome) if is_an_answer(&outcome) => OUTCOME,
                    Some(_) => u8::MAX,
                };
                self.attach.store(result, SeqCst);
            }
            Move::Answer(text) => self.ticket.answer(ok(text)),
            Move::Cancel => self.cancel.store(if self.ticket.cancel() { CANCELLED } else { NOTHING }, SeqCst),
        }
    }

    /// Exactly one of: the recipient was told, `attach` gave the outcome, `cancel` withdrew the request.
    fn check(&self, moves: &[Move]) {
        let (told, attach) = (self.told.load(SeqCst), self.attach.load(SeqCst));
        let cancelled = self.cancel.load(SeqCst) == CANCELLED;
        let ends = told + u32::from(attach == OUTCOME) + u32::from(cancelled);
        assert_eq!(ends, 1, "{moves:?}: told {told}, attach {attach}, cancelled {cancelled}");
        assert!(attach == NOTHING || attach == OUTCOME || (attach == CANCELLED && cancelled), "{moves:?}: {attach}");
        assert!(self.ticket.is_done(), "{moves:?}");
    }
}

/// Lets every thread make its move on each ticket at almost the same moment: the moves slide past each other.
fn race(moves: &[Move]) {
    let rounds: Vec<Round> = (0..ROUNDS).map(|_| Round::new()).collect();
    let (rounds, arrived) = (&rounds, &AtomicUsize::new(0));
    thread::scope(|scope| {
        for (player, play) in moves.iter().enumerate() {
            scope.spawn(move || {
                for (number, round) in rounds.iter().enumerate() {
                    arrived.fetch_add(1, SeqCst);
                    let all = (number + 1) * moves.len();
                    // Spinning starts more precisely than yielding, but must not keep the others from a processor.
                    for _ in (0..200).take_while(|_| moves.len() == 2 && arrived.load(SeqCst) < all) {
                        hint::spin_loop();
                    }
                    while arrived.load(SeqCst) < all {
                        thread::yield_now();
                    }
                    for step in 0..(player * 7 + 1) * number % 41 {
                        hint::black_box(step);
                    }
                    round.play(*play);
                }
            });
        }
    });
    rounds.iter().for_each(|round| round.check(moves));
}

const ANSWER: Move = Move::Answer("one");
const ANOTHER: Move = Move::Answer("other");

#[test]
fn an_attached_ticket_is_always_told_or_given_its_answer() {
    race(&[Move::Attach, ANSWER]);
}

#[test]
fn two_answers_are_one() {
    race(&[Move::Attach, ANSWER, ANOTHER]);
}

#[test]
fn a_cancel_and_an_answer_are_never_both() {
    race(&[Move::Attach, ANSWER, Move::Cancel]);
}

#[test]
fn a_cancel_counts_as_long_as_there_is_no_answer() {
    race(&[Move::Attach, Move::Cancel]);
}

#[test]
fn whatever_races_there_is_one_end() {
    race(&[Move::Attach, ANSWER, Move::Cancel, ANOTHER]);
}

#[test]
fn a_request_that_was_attached_before_is_answered_or_cancelled() {
    let barrier = &Barrier::new(2);
    thread::scope(|scope| {
        let (sender, asked) = crossbeam_channel::unbounded::<Arc<Ticket>>();
        scope.spawn(move || {
            for ticket in asked {
                barrier.wait();
                ticket.answer(ok("one"));
            }
        });
        for _ in 0..ROUNDS / 10 {
            let asked = Asked::new(Job::Room { wanted: 0 });
            sender.send(asked.ticket.clone()).unwrap();
            barrier.wait();
            match asked.ticket.cancel() {
                true => asked.nothing_comes(),
                false => assert_eq!(asked.only_answer(), ok("one")),
            }
        }
        drop(sender);
    });
}

#[test]
fn the_first_answer_counts() {
    let asked = Asked::new(Job::Room { wanted: 0 });
    asked.ticket.answer(ok("one"));
    asked.ticket.answer(ok("other"));
    assert_eq!(asked.only_answer(), ok("one"));
}

#[test]
fn an_answer_waits_for_its_recipient() {
    let ticket = Ticket::unattached(Job::Room { wanted: 0 });
    ticket.answer(ok("one"));
    assert!(!ticket.is_done(), "somebody may still attach");
    let told = Arc::new(AtomicU32::new(0));
    assert_eq!(ticket.attach(Box::new(Counter(told.clone()))), Some(ok("one")));
    assert!(ticket.is_done());
    assert_eq!(told.load(SeqCst), 0);
}

#[test]
fn a_second_recipient_is_refused_and_the_first_one_told() {
    let asked = Asked::new(Job::Room { wanted: 0 });
    let told = Arc::new(AtomicU32::new(0));
    let second = asked.ticket.attach(Box::new(Counter(told.clone())));
    assert!(matches!(second, Some(Outcome::BadRequest(_))), "{second:?}");
    asked.ticket.answer(ok("one"));
    assert_eq!(asked.only_answer(), ok("one"));
    assert_eq!(told.load(SeqCst), 0);
}

#[test]
fn a_finished_request_can_still_be_cancelled_until_somebody_attaches() {
    let ticket = Ticket::unattached(Job::Room { wanted: 0 });
    ticket.answer(ok("one"));
    assert!(ticket.cancel());
    assert_eq!(ticket.attach(Box::new(Counter(Arc::default()))), Some(Outcome::Cancelled));
}
