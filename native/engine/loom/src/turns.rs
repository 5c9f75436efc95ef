//! One turn at a time, and no request without one.

use std::sync::Arc;

use loom::thread;

use crate::workshop::Workshop;

type Step = fn(&Arc<Workshop>);

const SUBMIT: Step = Workshop::submit;
const SUBMIT_FIRST: Step = Workshop::submit_first;
const SUBMIT_IN_VAIN: Step = Workshop::submit_in_vain;
const CLOSE: Step = Workshop::close;
const CLAIM: Step = Workshop::claim;
const WORK: Step = |workshop| _ = workshop.work();
const OWN_WORK: Step = |workshop| _ = workshop.own_work();
const HOST: Step = |workshop| _ = workshop.host();

/// How often in one order a thread has to stop for another one that it does not wait for. Without a bound some of the
/// models would take hours; what is wrong has shown with two so far.
const PREEMPTIONS: usize = 3;

/// Takes the steps of three threads in every order, and then what is left of them.
fn in_every_order(instance: fn() -> Arc<Workshop>, host_comes: bool, threads: [&'static [Step]; 3]) {
    let mut orders = loom::model::Builder::new();
    orders.preemption_bound = Some(PREEMPTIONS);
    orders.check(move || {
        let workshop = instance();
        let [mine, others @ ..] = threads.map(|steps| {
            let workshop = workshop.clone();
            move || steps.iter().for_each(|step| step(&workshop))
        });
        let others = others.map(thread::spawn);
        mine();
        others.into_iter().for_each(|other| other.join().unwrap());
        workshop.settle(host_comes);
    });
}

fn of_workers() -> Arc<Workshop> {
    Workshop::open(false)
}

fn of_its_host() -> Arc<Workshop> {
    Workshop::open(true)
}

#[test]
fn a_request_that_comes_while_a_turn_ends_has_another_one() {
    in_every_order(of_workers, false, [&[SUBMIT], &[SUBMIT], &[WORK]]);
}

#[test]
fn a_request_that_comes_with_its_turn_leaves_another_one_behind_it_a_turn() {
    in_every_order(of_workers, false, [&[SUBMIT_FIRST], &[SUBMIT_FIRST], &[WORK]]);
}

#[test]
fn a_request_that_comes_with_its_turn_while_its_instance_closes_is_not_left_behind() {
    in_every_order(of_workers, false, [&[SUBMIT_FIRST], &[CLOSE], &[WORK]]);
}

#[test]
fn a_request_that_comes_while_the_host_ends_a_turn_has_another_one() {
    in_every_order(of_its_host, true, [&[SUBMIT], &[SUBMIT], &[HOST]]);
}

#[test]
fn a_request_that_comes_while_a_worker_starts_the_service_has_a_turn_of_the_host() {
    in_every_order(|| Workshop::starting(true), true, [&[SUBMIT], &[WORK], &[HOST]]);
}

#[test]
fn a_service_that_starts_while_its_instance_closes_has_its_last_turn() {
    in_every_order(|| Workshop::starting(true), false, [&[CLOSE], &[WORK], &[SUBMIT]]);
}

#[test]
fn a_closing_instance_leaves_no_request_behind() {
    in_every_order(of_workers, false, [&[SUBMIT], &[CLOSE], &[WORK]]);
}

#[test]
fn a_request_that_comes_when_whoever_looked_has_gone_has_a_turn_of_the_host() {
    in_every_order(of_its_host, true, [&[SUBMIT_IN_VAIN], &[SUBMIT], &[HOST]]);
}

#[test]
fn so_it_has_while_its_instance_closes() {
    in_every_order(of_its_host, false, [&[SUBMIT_IN_VAIN], &[CLOSE], &[WORK]]);
}

#[test]
fn a_host_that_was_asked_and_does_not_come_leaves_no_request_behind() {
    in_every_order(of_its_host, false, [&[SUBMIT], &[SUBMIT], &[CLOSE, WORK]]);
}

#[test]
fn a_host_that_comes_late_has_no_turn_beside_the_last_one() {
    in_every_order(of_its_host, true, [&[SUBMIT, WORK], &[CLOSE], &[HOST]]);
}

#[test]
fn who_claims_the_turn_sees_to_what_came_meanwhile() {
    in_every_order(of_its_host, true, [&[CLAIM], &[SUBMIT], &[HOST]]);
}

#[test]
fn who_claims_the_turn_sees_to_the_last_one() {
    in_every_order(of_its_host, true, [&[CLAIM], &[CLOSE], &[WORK]]);
}

#[test]
fn what_comes_while_a_thread_of_its_own_ends_is_for_the_workers() {
    in_every_order(Workshop::with_thread, false, [&[SUBMIT], &[CLOSE], &[OWN_WORK, WORK]]);
}
