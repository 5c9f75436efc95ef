//! Answers in parts.

use std::thread;

use linkspan::Reply;
use linkspan::ffi::abi::status;

use crate::host::{Host, Instance, Stream, has_printed};
use crate::probe;

fn stream(words: &str) -> (Stream, &'static Host) {
    let host = Host::new();
    let mut instance = Instance::start("probe", "", host).unwrap();
    let answer = instance.call(probe::STREAM, words, 64);
    assert_eq!((answer.status, answer.inline.as_str(), answer.buffer.as_str()), (status::OK_STREAM, "", ""));
    (answer.stream.unwrap(), host)
}

#[test]
fn the_parts_come_one_by_one_and_then_the_end() {
    let (mut stream, host) = stream("one two");
    let part = stream.next(host, 64);
    assert_eq!((part.status, part.inline.as_str()), (status::OK_INLINE, "one"));
    let part = stream.next(host, 0);
    assert_eq!((part.status, part.buffer.as_str()), (status::OK_BUFFER, "two"));
    assert_eq!(stream.next(host, 64).status, status::END);
    assert!(host.events().is_empty());
    drop(stream);
    assert_eq!(host.events(), ["freed"]);
}

#[test]
fn a_stream_may_fail_and_panic() {
    let (mut failing, host) = stream("one refuse");
    failing.next(host, 64);
    let end = failing.next(host, 64);
    assert_eq!((end.status, end.code, end.buffer.as_str()), (status::FAILED, 42, "no"));
    let (mut panicking, host) = stream("panic");
    let end = panicking.next(host, 64);
    assert_eq!(end.status, status::PANICKED);
    assert!(end.buffer.starts_with("a word too many at "), "{end:?}");
    drop(panicking);
    assert_eq!(host.events(), ["freed"]);
}

#[test]
fn a_stream_that_panics_when_it_is_freed_harms_nobody() {
    let (stream, host) = stream("one two");
    drop(stream);
    assert_eq!(host.events(), ["freed"]);
    assert!(!has_printed(thread::current().id()));
}

#[test]
fn a_stream_outlives_other_calls_of_its_instance() {
    let host = Host::new();
    let mut instance = Instance::start("probe", "", host).unwrap();
    let mut stream = instance.call(probe::STREAM, "one", 64).stream.unwrap();
    assert_eq!(instance.call(probe::COPY, "between", 64).inline, "between");
    assert_eq!(stream.next(host, 64).inline, "one");
}

#[test]
fn a_stream_to_a_cast_is_dropped_and_an_error() {
    let host = Host::new();
    let mut instance = Instance::start("probe", "", host).unwrap();
    let answer = instance.cast(probe::STREAM, "");
    assert_eq!((answer.status, answer.stream), (status::BAD_REQUEST, None));
    assert_eq!(host.events(), ["freed"]);
}

#[test]
fn a_stream_has_no_bytes_of_its_own() {
    let reply = Reply::stream(std::iter::empty::<linkspan::Result<String>>());
    assert!(reply.is_stream() && !Reply::empty().is_stream());
    assert_eq!(reply.as_slice(), b"");
    assert_eq!(format!("{reply:?}"), "Reply(Stream)");
}
