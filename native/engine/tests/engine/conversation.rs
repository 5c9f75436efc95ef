//! An instance that is spoken to in frames.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use crossbeam_channel::{Receiver, Sender, unbounded};
use linkspan_engine::frame::{FrameError, VERSION, kind};
use linkspan_engine::{Conversation, Instance, Sink};

use crate::echo::{HOUR, echo_library, operation};
use crate::memory_host::{MemoryHost, PATIENCE, engine, wait_until};
use crate::requests;

const OK: u8 = 0;
const CANCELLED: u8 = 6;
const EXPIRED: u8 = 14;
const PART: u8 = 15;
const CLOSED: u8 = 8;
const FOREVER: u32 = u32::MAX;

/// A sink at the other end of a channel.
struct Frames(Sender<Bytes>);

impl Sink for Frames {
    fn write(&self, head: &[u8], body: &[u8]) {
        let _ = self.0.send([head, body].concat().into());
    }
}

/// An answer: tag, status, body.
type Answer = (String, u8, Bytes);

fn answer(tag: &str, status: u8, body: &str) -> Answer {
    (tag.into(), status, Bytes::copy_from_slice(body.as_bytes()))
}

/// A frame that loads the echo service.
fn load(tag: &str, version: u8) -> Vec<u8> {
    requests::load(tag.as_bytes(), version, echo_library().as_bytes(), b"echo")
}

/// A conversation with an instance of the echo service.
struct Talk {
    conversation: Conversation,
    instance: Instance,
    frames: Receiver<Bytes>,
}

impl Talk {
    fn blank() -> Self {
        let (host, _, _) = MemoryHost::new();
        let (sink, frames) = unbounded();
        let conversation = Conversation::new(Arc::new(Frames(sink)));
        Talk { conversation, instance: Instance::new(&engine(1), host), frames }
    }

    /// Loads and starts the service, with room for so many requests.
    fn start(limit: u64) -> Self {
        let mut talk = Talk::blank();
        talk.send(load("load", VERSION));
        assert_eq!(talk.next().1, OK);
        talk.send(requests::start(b"start", limit, 1 << 20, 0, b""));
        assert_eq!(talk.next(), answer("start", OK, ""));
        talk
    }

    fn try_send(&mut self, frame: Vec<u8>) -> Result<(), FrameError> {
        self.conversation.frame(&self.instance, frame.into()).map(drop)
    }

    fn send(&mut self, frame: Vec<u8>) {
        self.try_send(frame).unwrap();
    }

    fn call(&mut self, tag: &str, operation: u32, body: &str) {
        self.send(requests::call(tag.as_bytes(), operation, FOREVER, body.as_bytes()));
    }

    fn cast(&mut self, tag: &str, operation: u32, body: &str) {
        self.send(requests::cast(tag.as_bytes(), operation, body.as_bytes()));
    }

    fn cancel(&mut self, tag: &str) {
        self.send(requests::head(kind::CANCEL, tag.as_bytes()));
    }

    fn room(&mut self, tag: &str) {
        self.send(requests::room(tag.as_bytes(), 5));
    }

    /// Waits for the next answer.
    fn next(&self) -> Answer {
        let mut frame = self.frames.recv_timeout(PATIENCE).expect("an answer");
        assert_eq!(frame.get_u8(), kind::REPLY);
        let len = frame.get_u16();
        let tag = String::from_utf8(frame.split_to(len.into()).to_vec()).unwrap();
        (tag, frame.get_u8(), frame)
    }

    /// Makes the instance busy until `busy` is cancelled.
    fn occupy(&mut self) {
        self.call("busy", operation::SLEEP, HOUR);
        let instance = &self.instance;
        wait_until("the request runs", || instance.counts().deferred > 0);
    }
}

#[test]
fn a_service_is_loaded_started_and_called() {
    let mut talk = Talk::blank();
    talk.send(load("a", VERSION));
    talk.send(requests::start(b"b", 100, 1 << 20, 0, b"argument"));
    talk.call("c", operation::ARGUMENT, "");
    let (tag, status, mut description) = talk.next();
    assert_eq!((tag.as_str(), status), ("a", OK));
    let len = description.get_u16();
    assert!(description.split_to(len.into()).iter().all(u8::is_ascii_hexdigit));
    assert_eq!(description.get_u8(), 1, "echo is independent");
    assert_eq!(description.get_u32(), operation::ECHO, "the first operation");
    assert_eq!(talk.next(), answer("b", OK, ""));
    assert_eq!(talk.next(), answer("c", OK, "argument"));
}

#[test]
fn inline_and_deferred_calls_are_answered_alike() {
    let mut talk = Talk::start(100);
    let long = "x".repeat(1000);
    for operation in [operation::ECHO, operation::ECHO_LONG] {
        for body in ["", "short", &long] {
            talk.call("", operation, body);
            assert_eq!(talk.next(), answer("", OK, body));
        }
        talk.call("a", operation::FAIL, "no");
        assert_eq!(talk.next(), answer("a", 2, "\0\0\0\x2ano"));
    }
    talk.call("b", operation::UNKNOWN, "");
    assert_eq!(talk.next(), answer("b", 4, "\0\0\x12\x67"));
}

#[test]
fn a_call_carries_its_timeout() {
    let mut talk = Talk::start(100);
    talk.send(requests::call(b"a", operation::REMAINING, 0, b""));
    assert_eq!(talk.next(), answer("a", EXPIRED, ""));
    talk.call("b", operation::REMAINING, "");
    assert_eq!(talk.next(), answer("b", OK, "infinity"));
}

#[test]
fn a_cast_is_acknowledged_if_it_has_a_tag() {
    let mut talk = Talk::start(100);
    for operation in [operation::ECHO, operation::ECHO_LONG, operation::FAIL] {
        talk.cast("tag", operation, "body");
        assert_eq!(talk.next(), answer("tag", OK, ""), "operation {operation}");
        talk.cast("", operation, "body");
    }
    talk.cast("tag", operation::UNKNOWN, "");
    assert_eq!(talk.next().1, 4);
    talk.cast("", operation::UNKNOWN, "");
    // Nothing came for those without a tag.
    talk.call("last", operation::COUNT, "");
    assert_eq!(talk.next(), answer("last", OK, "7"));
}

#[test]
fn a_cancelled_request_is_answered_with_cancelled() {
    let mut talk = Talk::start(100);
    talk.occupy();
    talk.call("queued", operation::ECHO, "");
    talk.cancel("queued");
    assert_eq!(talk.next(), answer("queued", CANCELLED, ""));
    talk.cancel("busy");
    assert_eq!(talk.next(), answer("busy", CANCELLED, ""));
    talk.call("next", operation::COUNT, "");
    assert_eq!(talk.next(), answer("next", OK, "2"), "the running request has stopped");
}

#[test]
fn a_cancel_that_comes_too_late_is_not_answered() {
    let mut talk = Talk::start(100);
    talk.call("a", operation::ECHO_LONG, "");
    assert_eq!(talk.next(), answer("a", OK, ""));
    talk.cancel("a");
    talk.cancel("never heard of");
    talk.call("b", operation::ECHO_LONG, "");
    assert_eq!(talk.next(), answer("b", OK, ""));
}

#[test]
fn a_stream_is_answered_in_parts_as_there_is_credit() {
    let mut talk = Talk::start(100);
    talk.send(requests::stream(b"a", operation::COUNT_TO, 1, b"3"));
    assert_eq!(talk.next(), answer("a", PART, "1"));
    talk.call("b", operation::PRODUCED, "");
    assert_eq!(talk.next(), answer("b", OK, "1"));
    talk.send(requests::credit(b"never heard of", 1));
    talk.send(requests::credit(b"a", 9));
    assert_eq!(talk.next(), answer("a", PART, "2"));
    assert_eq!(talk.next(), answer("a", PART, "3"));
    assert_eq!(talk.next(), answer("a", OK, ""));
}

#[test]
fn a_cancelled_stream_is_answered_with_cancelled_and_nothing_more() {
    let mut talk = Talk::start(100);
    for round in 0..1000 {
        talk.send(requests::stream(b"a", operation::FOREVER, if round % 2 == 0 { 1 } else { u32::MAX }, b""));
        assert_eq!(talk.next(), answer("a", PART, "1"));
        talk.cancel("a");
        loop {
            match talk.next() {
                (_, PART, _) => {}
                end => break assert_eq!(end, answer("a", CANCELLED, "")),
            }
        }
        talk.call("b", operation::ECHO_LONG, "");
        assert_eq!(talk.next(), answer("b", OK, ""));
    }
}

#[test]
fn room_is_answered_when_there_is_some() {
    let mut talk = Talk::start(1);
    talk.room("now");
    assert_eq!(talk.next(), answer("now", OK, ""));
    talk.occupy();
    talk.call("too many", operation::ECHO, "");
    assert_eq!(talk.next(), answer("too many", 7, ""));
    talk.cast("cast", operation::ECHO, "");
    assert_eq!(talk.next(), answer("cast", 7, ""), "a cast with a tag is refused aloud");
    talk.cast("", operation::ECHO, "");
    talk.room("later");
    talk.room("withdrawn");
    talk.cancel("withdrawn");
    assert_eq!(talk.next(), answer("withdrawn", CANCELLED, ""));
    talk.cancel("busy");
    assert_eq!(talk.next(), answer("busy", CANCELLED, ""));
    assert_eq!(talk.next(), answer("later", OK, ""));
}

#[test]
fn info_tells_state_and_counts() {
    let mut talk = Talk::start(100);
    talk.call("", operation::ECHO_LONG, "");
    talk.next();
    talk.send(requests::head(kind::INFO, b"tag"));
    let (tag, status, mut info) = talk.next();
    assert_eq!((tag.as_str(), status, info.get_u8()), ("tag", OK, 1));
    let numbers: [u64; 12] = std::array::from_fn(|_| info.get_u64());
    // Open requests and bytes; inline, deferred, errors, panics, cancelled, busy, events, overruns; limits.
    assert_eq!(numbers, [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 100, 1 << 20]);
    // The times are in `times`.
    assert!(info.has_remaining());
}

#[test]
fn closing_the_instance_answers_what_is_queued_and_what_comes_later() {
    let mut talk = Talk::start(100);
    talk.occupy();
    talk.call("waiting", operation::ECHO, "");
    talk.instance.close();
    // The one that ran was told to stop; how far it got is its own business.
    let mut answers = [talk.next(), talk.next()];
    answers.sort();
    assert_eq!(answers, [answer("busy", CLOSED, ""), answer("waiting", CLOSED, "")]);
    talk.call("late", operation::ECHO, "");
    assert_eq!(talk.next(), answer("late", CLOSED, ""));
}

#[test]
fn a_broken_frame_is_an_error_and_changes_nothing() {
    let mut talk = Talk::start(100);
    assert_eq!(talk.try_send(requests::head(99, b"tag")), Err(FrameError::UnknownKind(99)));
    assert_eq!(talk.try_send(requests::head(kind::CALL, b"tag")), Err(FrameError::Short("operation")));
    assert_eq!(talk.try_send(load("tag", VERSION + 1)), Err(FrameError::WrongVersion(VERSION + 1)));
    assert_eq!(talk.try_send(Vec::new()), Err(FrameError::Short("kind")));
    talk.call("", operation::COUNT, "");
    assert_eq!(talk.next(), answer("", OK, "1"));
}

/// A batch of frames.
fn batch(frames: &[Vec<u8>]) -> Vec<u8> {
    let behind_lengths = frames.iter().flat_map(|frame| [&(frame.len() as u32).to_be_bytes()[..], frame].concat());
    [kind::BATCH].into_iter().chain(behind_lengths).collect()
}

#[test]
fn the_frames_of_a_batch_are_handled_one_after_the_other() {
    let mut talk = Talk::start(10);
    let call = |tag: &str, operation| requests::call(tag.as_bytes(), operation, FOREVER, tag.as_bytes());
    talk.send(batch(&[call("one", operation::ECHO), call("two", operation::ECHO_LONG), call("three", 99)]));
    let mut answers: Vec<_> = (0..3).map(|_| talk.next()).collect();
    answers.sort();
    assert_eq!(answers[0], answer("one", OK, "one"));
    assert_eq!(answers[1], ("three".into(), 4, Bytes::from_static(&[0, 0, 0, 99])));
    assert_eq!(answers[2], answer("two", OK, "two"));
    talk.send(batch(&[]));
}

#[test]
fn a_batch_holds_its_thread_for_a_millisecond_however_many_short_requests_are_in_it() {
    const MANY: usize = 20_000;
    let mut talk = Talk::start(MANY as u64);
    let echo = requests::call(b"tag", operation::ECHO, FOREVER, b"hi");
    talk.send(batch(&vec![echo; MANY]));
    for _ in 0..MANY {
        assert_eq!(talk.next(), answer("tag", OK, "hi"));
    }
    let counts = talk.instance.counts();
    assert!(counts.inline > 0 && counts.deferred > 0, "{counts:?}");
}

#[test]
fn what_is_wrong_in_a_batch_is_an_error_and_what_stands_before_it_is_done() {
    let mut talk = Talk::start(10);
    let call = || requests::call(b"before", operation::ECHO_LONG, FOREVER, b"hi");
    let mut cut = batch(&[call(), call()]);
    cut.truncate(cut.len() - 1);
    assert_eq!(talk.try_send(cut), Err(FrameError::Short("frame")));
    assert_eq!(talk.next(), answer("before", OK, "hi"));
    let nested = batch(&[call(), batch(&[call()])]);
    assert_eq!(talk.try_send(nested), Err(FrameError::UnknownKind(kind::BATCH)));
    assert_eq!(talk.next(), answer("before", OK, "hi"));
    let half_a_length = [&batch(&[])[..], &[0, 0, 0]].concat();
    assert_eq!(talk.try_send(half_a_length), Err(FrameError::Short("frame length")));
}

#[test]
fn a_short_request_that_waits_does_not_keep_what_it_came_in() {
    let mut talk = Talk::start(10);
    talk.occupy();
    for len in [0, 16, 4096] {
        let frame = Bytes::from(requests::call(b"tag", operation::ECHO_LONG, FOREVER, &vec![b'x'; len]));
        // As a batch and the reader of the program do it: all frames share one piece of memory.
        talk.conversation.frame(&talk.instance, frame.clone()).unwrap();
        assert!(frame.is_unique(), "{len} bytes");
    }
}
