//! Many requests at once: each is answered once, in order.

use crate::process::{Frame, Process, call, operation, reply, status};

/// Sends one call per operation in a single write and reads their answers, in order.
fn pipeline(operations: impl Iterator<Item = u32>) {
    let mut process = Process::with_echo();
    let calls: Vec<_> = operations.enumerate().map(|(i, operation)| (i.to_string(), operation)).collect();
    let frames: Vec<u8> = calls.iter().flat_map(|(text, operation)| call(text, *operation, text)).collect();
    process.send(&frames);
    for (text, _) in &calls {
        assert_eq!(process.next(), reply(text, status::OK, text));
    }
    process.send(&call("count", operation::COUNT, ""));
    assert_eq!(process.next(), reply("count", status::OK, (calls.len() + 1).to_string()), "nothing else was answered");
}

#[test]
fn a_thousand_short_calls_are_answered_once_and_in_order() {
    pipeline((0..1000).map(|_| operation::ECHO));
}

#[test]
fn a_thousand_long_calls_are_answered_once_and_in_order() {
    pipeline((0..1000).map(|_| operation::ECHO_LONG));
}

#[test]
fn a_thousand_calls_of_either_kind_are_answered_once_and_in_order() {
    pipeline((0..1000).map(|i| if i % 7 < 3 { operation::ECHO_LONG } else { operation::ECHO }));
}

#[test]
fn long_and_short_answers_do_not_overtake_each_other() {
    let mut process = Process::with_echo();
    // Longer than what the writer gathers, longer than what fits into the pipe, and tiny.
    let sizes: Vec<usize> = (0..200).map(|i| [3, 70_000, 10, 300_000, 0, 65_536][i % 6]).collect();
    let bodies: Vec<Vec<u8>> = sizes.iter().enumerate().map(|(i, size)| vec![i as u8; *size]).collect();
    let operations = [operation::ECHO_LONG, operation::ECHO, operation::ECHO, operation::ECHO].iter().cycle();
    for ((i, body), operation) in bodies.iter().enumerate().zip(operations) {
        process.send(&call(&i.to_string(), *operation, body));
    }
    for (i, body) in bodies.iter().enumerate() {
        assert!(process.next() == reply(&i.to_string(), status::OK, body), "answer {i}");
    }
}

#[test]
fn events_and_answers_keep_the_order_of_the_service() {
    let mut process = Process::with_echo();
    let frames: Vec<u8> = (0..300).flat_map(|i| call(&i.to_string(), operation::EMIT, i.to_string())).collect();
    process.send(&frames);
    for i in 0..300 {
        assert_eq!(process.next(), Frame::Event(i.to_string().into_bytes()));
        assert_eq!(process.next(), reply(&i.to_string(), status::OK, ""));
    }
}
