//! Panics inside a call: their message is the answer, and nothing is printed.

use std::thread;

use linkspan::ffi::abi::status;

use crate::host::{Host, Instance, has_printed};
use crate::probe;

#[test]
fn the_message_carries_text_and_place_and_nothing_is_printed() {
    let mut instance = Instance::start("probe", "", Host::new()).unwrap();
    let answer = instance.call(probe::PANIC, "ouch", 64);
    assert_eq!((answer.status, answer.inline.as_str(), answer.code), (status::PANICKED, "", 0));
    let (file, place) = answer.buffer.strip_prefix("ouch at ").unwrap().split_once(".rs:").unwrap();
    assert!(file.ends_with("probe"), "{answer:?}");
    let (line, column) = place.split_once(':').unwrap();
    assert!(line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok(), "{answer:?}");
    assert!(!has_printed(thread::current().id()));
}

#[test]
fn a_panic_without_text_has_a_place() {
    let mut instance = Instance::start("probe", "", Host::new()).unwrap();
    let answer = instance.call(probe::PANIC_WITH_NUMBER, "", 64);
    assert_eq!(answer.status, status::PANICKED);
    assert!(answer.buffer.starts_with("panic without a message at "), "{answer:?}");
}

#[test]
fn a_panic_that_panics_again_when_it_is_dropped_ends_here() {
    let mut instance = Instance::start("probe", "", Host::new()).unwrap();
    let answer = instance.call(probe::PANIC_AGAIN, "", 64);
    assert_eq!(answer.status, status::PANICKED);
    assert!(answer.buffer.starts_with("panic without a message at "), "{answer:?}");
    assert!(!has_printed(thread::current().id()));
}

#[test]
fn a_panic_in_a_cast_is_told_as_well() {
    let mut instance = Instance::start("probe", "", Host::new()).unwrap();
    let answer = instance.cast(probe::PANIC, "ouch");
    assert_eq!(answer.status, status::PANICKED);
    assert!(answer.buffer.starts_with("ouch at "), "{answer:?}");
}

#[test]
fn an_instance_can_be_called_again_after_a_panic() {
    let mut instance = Instance::start("probe", "", Host::new()).unwrap();
    for text in ["one", "two"] {
        assert!(instance.call(probe::PANIC, text, 64).buffer.starts_with(text));
    }
    assert_eq!(instance.call(probe::COPY, "alive", 64).inline, "alive");
}

#[test]
fn a_panic_outside_of_a_call_is_printed_as_ever() {
    let mut instance = Instance::start("probe", "", Host::new()).unwrap();
    // The library's own hook is in place from the first call on.
    instance.call(probe::COPY, "", 64);
    let thread = thread::spawn(|| panic!("expected in the output of this test"));
    let id = thread.thread().id();
    assert!(thread.join().is_err());
    assert!(has_printed(id));
}
