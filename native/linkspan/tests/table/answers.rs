//! Answers: where they are written, and what an error looks like.

use std::sync::atomic::Ordering::SeqCst;

use linkspan::ffi::abi::status;
use linkspan::{Bytes, Error, Reply};

use crate::host::{Answer, Host, Instance};
use crate::probe;

fn start() -> (Instance, &'static Host) {
    let host = Host::new();
    (Instance::start("probe", "", host).unwrap(), host)
}

fn inline(text: &str) -> Answer {
    Answer { status: status::OK_INLINE, inline: text.into(), buffer: String::new(), code: 0, stream: None }
}

fn buffer(text: &str) -> Answer {
    Answer { status: status::OK_BUFFER, inline: String::new(), buffer: text.into(), code: 0, stream: None }
}

#[test]
fn an_answer_that_fits_is_written_into_the_room() {
    let (mut instance, _) = start();
    for operation in [probe::COPY, probe::SHARE] {
        assert_eq!(instance.call(operation, "12345", 64), inline("12345"));
        assert_eq!(instance.call(operation, "12345", 5), inline("12345"));
        assert_eq!(instance.call(operation, "12345", 4), buffer("12345"));
        assert_eq!(instance.call(operation, "12345", 0), buffer("12345"));
    }
}

#[test]
fn an_empty_answer_needs_no_room() {
    let (mut instance, _) = start();
    assert_eq!(instance.call(probe::EMPTY, "", 0), inline(""));
    assert_eq!(instance.call(probe::COPY, "", 0), inline(""));
}

#[test]
fn answers_around_the_length_that_is_kept_without_an_allocation_are_the_same() {
    let (mut instance, _) = start();
    for len in [63, 64, 65, 1000] {
        let text = "x".repeat(len);
        assert_eq!(instance.call(probe::COPY, &text, 0), buffer(&text));
        assert_eq!(instance.call(probe::COPY, &text, len), inline(&text));
        assert_eq!(Reply::copy(text.as_bytes()).as_slice(), text.as_bytes());
    }
}

#[test]
fn a_body_that_was_shared_is_freed_once() {
    let (mut instance, host) = start();
    for room in [0, 64] {
        let answer = instance.call(probe::SHARE, "shared", room);
        assert_eq!(answer.inline + &answer.buffer, "shared");
        assert_eq!(host.shared.load(SeqCst), 0);
    }
}

#[test]
fn errors_carry_their_code_and_their_words() {
    let (mut instance, _) = start();
    let failed = Answer { status: status::FAILED, inline: String::new(), buffer: "no".into(), code: 42, stream: None };
    assert_eq!(instance.call(probe::FAIL, "no", 64), failed);
    let refused =
        Answer { status: status::BAD_REQUEST, inline: String::new(), buffer: "why".into(), code: 0, stream: None };
    assert_eq!(instance.call(probe::REFUSE, "why", 64), refused);
}

#[test]
fn a_cast_is_a_call_without_an_answer_unless_the_service_says_otherwise() {
    let host = Host::new();
    let mut bare = Instance::start("bare", "", host).unwrap();
    assert_eq!(bare.cast(1, "seen"), inline(""));
    assert_eq!(bare.cast(1 << 20, "seen as well").status, status::FAILED);
    assert_eq!(host.events(), ["seen", "seen as well"]);

    let host = Host::new();
    let mut caster = Instance::start("caster", "", host).unwrap();
    assert_eq!(caster.cast(0, ""), inline(""));
    assert_eq!(caster.call(0, "", 64), inline(""));
    assert_eq!(host.events(), ["cast", "called"]);
}

#[test]
fn replies_and_errors_can_be_made_of_what_is_at_hand() {
    assert_eq!(Reply::bytes("text").as_slice(), b"text");
    assert_eq!(Reply::bytes(vec![1, 2]).as_slice(), [1, 2]);
    assert_eq!(Reply::bytes(Bytes::from_static(b"shared")).as_slice(), b"shared");
    assert_eq!(Reply::empty().as_slice(), b"");
    assert_eq!(Error::new(7, "no").to_string(), "no (code 7)");
    assert_eq!(Error::bad_request("what").to_string(), "bad request: what");
}
