//! What a service asks of its host during a call and from threads of its own.

use std::sync::atomic::Ordering::SeqCst;

use crate::host::{Host, Instance};
use crate::probe;

#[test]
fn a_deadline_is_there_if_the_caller_waits_for_a_time() {
    let host = Host::new();
    let mut instance = Instance::start("probe", "", host).unwrap();
    assert_eq!(instance.call(probe::DEADLINE, "", 64).inline, "none");
    for remaining in [0, 1_000_000_000, u64::MAX / 2] {
        host.remaining.store(remaining, SeqCst);
        assert_eq!(instance.call(probe::DEADLINE, "", 64).inline, "some", "{remaining}");
    }
}

#[test]
fn a_cancelled_request_is_seen_in_the_call_and_from_another_thread() {
    let host = Host::new();
    let mut instance = Instance::start("probe", "", host).unwrap();
    assert_eq!(instance.call(probe::CANCELLED, "", 64).inline, "no");
    assert_eq!(instance.call(probe::THREAD, "", 64).inline, "false");
    host.cancelled.store(true, SeqCst);
    assert_eq!(instance.call(probe::CANCELLED, "", 64).inline, "yes");
    assert_eq!(instance.call(probe::THREAD, "", 64).inline, "true");
    assert_eq!(host.events(), ["from a thread", "from a thread"]);
}

#[test]
fn what_is_retained_is_released_once() {
    let host = Host::new();
    let mut instance = Instance::start("probe", "", host).unwrap();
    assert_eq!(host.retained.load(SeqCst), 1, "the emitter that the state keeps");
    instance.call(probe::THREAD, "", 64);
    assert_eq!(host.retained.load(SeqCst), 1, "clones share theirs");
    instance.stop(false);
    assert_eq!(host.retained.load(SeqCst), 0);
}

#[test]
fn the_stack_limit_is_handed_on() {
    let mut instance = Instance::start("probe", "", Host::new()).unwrap();
    assert_eq!(instance.call(probe::STACK, "", 64).inline, "12345");
}
