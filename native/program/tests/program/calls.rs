//! Requests and their answers.

use linkspan_engine::frame::kind;

use crate::process::{Frame, Process, call, executable, load, operation, reply, request, start, status};

#[test]
fn a_service_is_loaded_started_and_called() {
    let mut process = Process::spawn::<&str>(&executable(), &[]);
    process.send(&[load("a"), start("b", "the argument"), call("c", operation::ARGUMENT, "")].concat());
    assert!(matches!(process.next(), Frame::Reply { tag, status: status::OK, .. } if tag == b"a"));
    assert_eq!(process.next(), reply("b", status::OK, ""));
    assert_eq!(process.next(), reply("c", status::OK, "the argument"));
}

#[test]
fn a_call_runs_inline_or_deferred_in_the_program_host() {
    let mut process = Process::with_echo();
    for operation in [operation::ECHO, operation::ECHO_LONG] {
        process.send(&call("tag", operation, "hello"));
        assert_eq!(process.next(), reply("tag", status::OK, "hello"));
    }
    process.send(&call("", operation::HOST, ""));
    assert_eq!(process.next(), reply("", status::OK, "program"));
    process.send(&call("", operation::FAIL, "no"));
    assert_eq!(process.next(), reply("", status::FAILED, "\0\0\0\x2ano"));
}

#[test]
fn what_the_service_prints_does_not_touch_the_frames() {
    let mut process = Process::with_echo();
    process.send(&[call("a", operation::PRINT, "printed"), call("b", operation::ECHO, "answered")].concat());
    assert_eq!(process.next(), reply("a", status::OK, ""));
    assert_eq!(process.next(), reply("b", status::OK, "answered"));
    drop(process.input.take());
    let (_, printed) = process.end();
    assert_eq!(printed, "printed\nprinted\n", "to stdout and to stderr");
}

#[test]
fn events_are_frames_of_their_own() {
    let mut process = Process::with_echo();
    process.send(&call("a", operation::EMIT, "an event"));
    assert_eq!(process.next(), Frame::Event(b"an event".to_vec()));
    assert_eq!(process.next(), reply("a", status::OK, ""));
}

#[test]
fn a_body_of_16_mib_comes_back_intact() {
    let body: Vec<u8> = (0..16_u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut process = Process::with_echo();
    for operation in [operation::ECHO, operation::ECHO_LONG] {
        process.send(&call("long", operation, &body));
        // Not `assert_eq!`: it would print both.
        assert!(process.next() == reply("long", status::OK, &body), "operation {operation}");
    }
}

#[test]
fn frames_may_come_one_byte_at_a_time() {
    let mut process = Process::with_echo();
    for byte in [call("a", operation::ECHO, "first"), call("b", operation::ECHO_LONG, "second")].concat() {
        process.send(&[byte]);
    }
    assert_eq!(process.next(), reply("a", status::OK, "first"));
    assert_eq!(process.next(), reply("b", status::OK, "second"));
}

#[test]
fn a_running_call_is_cancelled() {
    let mut process = Process::with_echo();
    process.send(&call("sleep", operation::SLEEP, "3600000000"));
    process.until_busy();
    process.send(&request(kind::CANCEL, "sleep", &[]));
    assert_eq!(process.next(), reply("sleep", status::CANCELLED, ""));
    process.send(&call("next", operation::COUNT, ""));
    assert_eq!(process.next(), reply("next", status::OK, "2"));
}

#[test]
fn a_service_that_does_not_start_leaves_a_closed_instance() {
    let mut process = Process::spawn::<&str>(&executable(), &[]);
    process.send(&[load("a"), start("b", "fail")].concat());
    process.next();
    assert_eq!(process.next(), reply("b", status::FAILED, "\0\0\0\x07told to fail"));
    process.send(&call("c", operation::ECHO_LONG, ""));
    assert_eq!(process.next(), reply("c", status::CLOSED, ""));
}
