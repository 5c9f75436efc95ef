//! A request has one answer, or is withdrawn.

use std::sync::Arc;

use loom::thread;

use crate::Outcome;
use crate::house::{House, Told, call, text};
use crate::ticket::Ticket;

#[test]
fn an_answer_meets_who_attaches_once() {
    loom::model(|| {
        let (ticket, told) = (Arc::new(Ticket::unattached(call())), Told::default());
        let answering = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.answer(Outcome::Ok(text("a"))))
        };
        let at_once = ticket.attach(told.recipient());
        answering.join().unwrap();
        let all: Vec<_> = at_once.into_iter().chain(told.all()).collect();
        assert_eq!(all, [Outcome::Ok(text("a"))]);
    });
}

#[test]
fn who_looks_for_an_answer_and_attaches_then_has_it_once() {
    loom::model(|| {
        let (ticket, told) = (Arc::new(Ticket::unattached(call())), Told::default());
        let answering = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.answer(Outcome::Ok(text("a"))))
        };
        let at_once = ticket.take_answer().or_else(|| ticket.attach(told.recipient()));
        answering.join().unwrap();
        let all: Vec<_> = at_once.into_iter().chain(told.all()).collect();
        assert_eq!(all, [Outcome::Ok(text("a"))]);
    });
}

#[test]
fn of_two_answers_one_counts_whenever_the_recipient_comes() {
    loom::model(|| {
        let (ticket, told) = (Arc::new(Ticket::unattached(call())), Told::default());
        let answering = ["a", "b"].map(|answer| {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.answer(Outcome::Ok(text(answer))))
        });
        let at_once = ticket.attach(told.recipient());
        answering.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(at_once.into_iter().chain(told.all()).count(), 1);
        assert!(ticket.is_done());
    });
}

#[test]
fn what_is_withdrawn_is_not_answered() {
    loom::model(|| {
        let told = Told::default();
        let ticket = Arc::new(Ticket::attached(call(), told.recipient()));
        let answering = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.answer(Outcome::Ok(text("a"))))
        };
        let withdrawn = ticket.cancel();
        answering.join().unwrap();
        assert_eq!(told.all().len(), usize::from(!withdrawn));
    });
}

#[test]
fn attaching_answering_and_withdrawing_leave_one_end() {
    loom::model(|| {
        let (ticket, told) = (Arc::new(Ticket::unattached(call())), Told::default());
        let answering = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.answer(Outcome::Ok(text("a"))))
        };
        let cancelling = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.cancel())
        };
        let at_once = ticket.attach(told.recipient());
        answering.join().unwrap();
        let withdrawn = cancelling.join().unwrap();
        let answers = at_once.iter().chain(&told.all()).filter(|outcome| **outcome != Outcome::Cancelled).count();
        assert_eq!(answers + usize::from(withdrawn), 1);
    });
}

#[test]
fn a_job_is_taken_or_withdrawn() {
    loom::model(|| {
        let (house, told) = (Arc::new(House::default()), Told::default());
        let ticket = Arc::new(Ticket::attached(call(), told.recipient()));
        house.take_in(&ticket);
        let working = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.take_job().is_some())
        };
        assert!(ticket.cancel());
        let taken = working.join().unwrap();
        assert_eq!(usize::from(taken) + *house.withdrawn.lock().unwrap(), 1);
    });
}

#[test]
fn a_place_is_given_up_once() {
    loom::model(|| {
        let ticket = Arc::new(Ticket::unattached(call()));
        let other = {
            let ticket = ticket.clone();
            thread::spawn(move || ticket.free_place())
        };
        assert!(ticket.free_place() != other.join().unwrap());
    });
}
