//! The table of open requests: what it forgets by itself, and what it is told to end.

use std::sync::{Arc, Weak};

use linkspan_engine::{Job, Outcome, Pending, Ticket};

use crate::asked::{Asked, ok};

/// Answered requests up to the number at which a table first sweeps.
const SWEEP: usize = 64;

fn asked() -> Asked {
    Asked::new(Job::Room { wanted: 0 })
}

#[test]
fn answered_requests_are_dropped_in_passing() {
    let mut pending = Pending::default();
    let mut answered: Vec<Weak<Ticket>> = Vec::new();
    for key in 0..SWEEP - 1 {
        let asked = asked();
        asked.ticket.answer(ok(""));
        answered.push(Arc::downgrade(&asked.ticket));
        pending.insert(key, asked.ticket.clone());
    }
    let (open, cancelled) = (asked(), asked());
    pending.insert(1000, open.ticket.clone());
    pending.insert(1001, cancelled.ticket.clone());
    assert!(cancelled.ticket.cancel());
    assert!(answered.iter().all(|ticket| ticket.upgrade().is_none()), "swept when the 65th came");
    assert_eq!(pending.open_keys().collect::<Vec<_>>(), [&1000]);
    // The table grows with what is open, and sweeps again.
    for key in 2000..2000 + 4 * SWEEP {
        let asked = asked();
        asked.ticket.answer(ok(""));
        pending.insert(key, asked.ticket.clone());
    }
    let cancelled = Arc::downgrade(&{ cancelled.ticket });
    assert!(cancelled.upgrade().is_none());
    assert!(pending.cancel(&1000), "what is open stays");
}

#[test]
fn a_request_is_cancelled_by_its_key_once() {
    let mut pending = Pending::default();
    let asked = asked();
    pending.insert("a", asked.ticket.clone());
    assert!(!pending.cancel("b"));
    assert!(pending.cancel("a"));
    assert!(!pending.cancel("a"));
    asked.nothing_comes();
}

#[test]
fn an_answered_request_is_not_cancelled() {
    let mut pending = Pending::default();
    let asked = asked();
    pending.insert(1, asked.ticket.clone());
    asked.ticket.answer(ok("in time"));
    assert_eq!(pending.open_keys().count(), 0);
    assert!(!pending.cancel(&1));
    assert_eq!(asked.only_answer(), ok("in time"));
}

#[test]
fn a_request_that_is_taken_out_is_left_alone() {
    let mut pending = Pending::default();
    let asked = asked();
    pending.insert(1, asked.ticket.clone());
    assert!(Arc::ptr_eq(&pending.remove(&1).unwrap(), &asked.ticket));
    assert!(pending.remove(&1).is_none());
    pending.close();
    assert!(!asked.ticket.is_done());
}

#[test]
fn those_that_are_picked_are_cancelled_and_no_others() {
    let mut pending = Pending::default();
    let all: Vec<_> = (0..10).map(|_| asked()).collect();
    for (key, asked) in all.iter().enumerate() {
        pending.insert(key, asked.ticket.clone());
    }
    pending.cancel_where(|key| key % 2 == 0);
    let mut open: Vec<_> = pending.open_keys().copied().collect();
    open.sort_unstable();
    assert_eq!(open, [1, 3, 5, 7, 9]);
    pending.close();
    for (key, asked) in all.into_iter().enumerate() {
        match key % 2 {
            0 => asked.nothing_comes(),
            _ => assert_eq!(asked.only_answer(), Outcome::Closed),
        }
    }
}

#[test]
fn closing_answers_what_is_open_and_nothing_else() {
    let mut pending = Pending::default();
    let (answered, open) = (asked(), asked());
    pending.insert(1, answered.ticket.clone());
    pending.insert(2, open.ticket.clone());
    answered.ticket.answer(ok("in time"));
    pending.close();
    pending.close();
    assert_eq!(answered.only_answer(), ok("in time"));
    assert_eq!(open.only_answer(), Outcome::Closed);
}
