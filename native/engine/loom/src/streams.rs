//! Parts come before the end, and no stream is left where nobody looks for it.

use std::sync::Arc;

use loom::thread;

use crate::Outcome;
use crate::house::{House, Told, stream, text};
use crate::ticket::Ticket;

/// An open stream with so much credit, its queue, and what its reader is told.
fn open(credit: u32) -> (Arc<Ticket>, Arc<House>, Told) {
    let (house, told) = (Arc::new(House::default()), Told::default());
    let ticket = Arc::new(Ticket::attached(stream(credit), told.recipient()));
    house.take_in(&ticket);
    let _ = ticket.take_job();
    ticket.begin();
    (ticket, house, told)
}

#[test]
fn nothing_comes_behind_a_cancel_that_withdrew() {
    loom::model(|| {
        let (ticket, _house, told) = open(1);
        let working = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.part(text("part")))
        };
        let withdrawn = ticket.cancel();
        let then = told.all().len();
        let wanted = working.join().unwrap();
        match withdrawn {
            true => assert_eq!(told.all().len(), then),
            // The end comes from who handed over the part, behind it.
            false => assert_eq!((told.all(), wanted), (vec![Outcome::Part(text("part")), Outcome::Cancelled], false)),
        }
    });
}

#[test]
fn an_answer_comes_behind_the_part_and_once() {
    loom::model(|| {
        let (ticket, _house, told) = open(1);
        let working = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.part(text("part")))
        };
        let closing = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.answer(Outcome::Closed))
        };
        let withdrawn = ticket.cancel();
        closing.join().unwrap();
        working.join().unwrap();
        let ends = told.all().iter().filter(|outcome| !matches!(outcome, Outcome::Part(_))).count();
        assert_eq!(ends + usize::from(withdrawn), 1);
        assert!(!matches!(told.all()[..], [_, Outcome::Part(_)]), "an end in front of a part");
    });
}

/// A worker that has no credit: whether it goes on, or leaves the stream to whoever brings some.
fn parks(ticket: &Ticket) -> bool {
    ticket.take_credit() || ticket.park()
}

#[test]
fn credit_reaches_a_stream_that_is_parked_just_now() {
    loom::model(|| {
        let (ticket, house, _told) = open(0);
        let working = {
            let ticket = ticket.clone();
            thread::spawn(move || parks(&ticket))
        };
        ticket.credit(1);
        let goes_on = working.join().unwrap();
        assert_eq!(usize::from(goes_on) + *house.resumed.lock().unwrap(), 1);
    });
}

#[test]
fn a_cancel_reaches_a_stream_that_is_parked_just_now() {
    loom::model(|| {
        let (ticket, house, _told) = open(0);
        let working = {
            let ticket = ticket.clone();
            thread::spawn(move || parks(&ticket))
        };
        assert!(ticket.cancel());
        let goes_on = working.join().unwrap();
        assert_eq!(usize::from(goes_on) + *house.resumed.lock().unwrap(), 1);
    });
}

#[test]
fn of_credit_and_cancel_one_takes_the_stream_back() {
    loom::model(|| {
        let (ticket, house, _told) = open(0);
        let crediting = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.credit(1))
        };
        let working = {
            let ticket = ticket.clone();
            thread::spawn(move || parks(&ticket))
        };
        assert!(ticket.cancel());
        crediting.join().unwrap();
        let goes_on = working.join().unwrap();
        assert_eq!(usize::from(goes_on) + *house.resumed.lock().unwrap(), 1);
    });
}

#[test]
fn credit_is_neither_lost_nor_spent_twice() {
    loom::model(|| {
        let (ticket, _house, _told) = open(1);
        let crediting = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.credit(1))
        };
        let spending = {
            let ticket = ticket.clone();
            thread::spawn(move || usize::from(ticket.take_credit()))
        };
        let spent = usize::from(ticket.take_credit());
        crediting.join().unwrap();
        let left = std::iter::repeat_with(|| ticket.take_credit());
        let spent = spent + spending.join().unwrap();
        assert_eq!(spent + left.take_while(|more| *more).count(), 2);
    });
}
