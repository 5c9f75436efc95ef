//! How the program ends, and what it says before.

use linkspan_engine::frame::{LONGEST, kind};

use crate::process::{Frame, Process, call, executable, operation, reply, request, status};

#[test]
fn closing_its_input_ends_it() {
    let mut process = Process::spawn::<&str>(&executable(), &[]);
    drop(process.input.take());
    let (_, printed) = process.end();
    assert_eq!(printed, "");
}

#[test]
fn closing_its_input_ends_it_in_the_middle_of_a_frame() {
    let mut process = Process::with_echo();
    process.send(&call("a", operation::ECHO, "hello")[..10]);
    drop(process.input.take());
    let (_, printed) = process.end();
    assert_eq!(printed, "");
}

#[test]
fn closing_its_input_ends_it_whatever_the_service_does() {
    let mut process = Process::with_echo();
    process.send(&call("a", operation::HANG, ""));
    process.until_busy();
    drop(process.input.take());
    let (_, printed) = process.end();
    assert_eq!(printed, "");
}

#[test]
fn closing_its_output_ends_it() {
    let mut process = Process::with_echo();
    process.stop_reading();
    process.send(&call("a", operation::ECHO, ""));
    let (_, printed) = process.end();
    assert_eq!(printed, "");
}

#[test]
fn closing_its_output_ends_it_whatever_the_service_does() {
    let mut process = Process::with_echo();
    process.send(&call("a", operation::HANG, ""));
    process.until_busy();
    process.stop_reading();
    process.send(&request(kind::INFO, "b", &[]));
    let (_, printed) = process.end();
    assert_eq!(printed, "");
}

/// Sends bytes that are no frame. The program says why in words and ends.
fn break_protocol(bytes: &[u8]) -> String {
    let mut process = Process::with_echo();
    process.send(bytes);
    let words = match process.rest().as_slice() {
        [Frame::Ended { status: status::PROTOCOL, body }] => String::from_utf8(body.clone()).unwrap(),
        other => panic!("{other:?}"),
    };
    let (exit, printed) = process.end();
    assert_eq!((exit.code(), printed.as_str()), (Some(1), ""));
    words
}

#[test]
fn garbage_ends_it_with_a_reason() {
    assert!(break_protocol(b"GET / HTTP/1.1\r\n\r\n").contains("longer than"));
    assert!(break_protocol(b"\0\0\0\x05hello").contains("before its tag"));
    assert!(break_protocol(&[0; 4]).contains("kind"));
    assert!(break_protocol(&request(99, "tag", &[])).contains("99"));
    assert!(break_protocol(&request(kind::CALL, "tag", &[b"\0\0"])).contains("operation"));
}

#[test]
fn garbage_ends_it_whatever_the_service_does() {
    let mut process = Process::with_echo();
    process.send(&call("a", operation::HANG, ""));
    process.until_busy();
    process.send(&[0; 4]);
    assert!(matches!(process.rest().as_slice(), [Frame::Ended { status: status::PROTOCOL, .. }]));
    let (exit, printed) = process.end();
    assert_eq!((exit.code(), printed.as_str()), (Some(1), ""));
}

#[test]
fn a_length_beyond_the_limit_ends_it_with_a_reason() {
    let words = break_protocol(&(LONGEST as u32 + 1).to_be_bytes());
    assert!(words.contains(&LONGEST.to_string()), "{words}");
    assert!(break_protocol(&[0xff; 4]).contains(&u32::MAX.to_string()));
}

#[test]
fn answers_that_came_before_the_garbage_arrive_before_the_end() {
    let mut process = Process::with_echo();
    process.send(&[call("a", operation::ECHO, "hello"), vec![0; 4]].concat());
    assert_eq!(process.next(), reply("a", status::OK, "hello"));
    assert!(matches!(process.next(), Frame::Ended { status: status::PROTOCOL, .. }));
    assert_eq!(process.rest(), []);
}

/// Both frames of a panic: the answer, then the end with the same message. Nothing follows.
fn check_panic(frames: &[Frame]) {
    let [
        Frame::Reply { tag, status: status::PANICKED, body: message },
        Frame::Ended { status: status::PANICKED, body },
    ] = frames
    else {
        panic!("{frames:?}")
    };
    assert_eq!(tag, b"panic");
    assert!(message.starts_with(b"ouch at "));
    assert_eq!(message, body);
}

#[test]
fn a_panic_is_answered_and_then_ends_it() {
    for operation in [operation::PANIC, operation::PANIC_SHORT] {
        let mut process = Process::with_echo();
        process.send(&call("panic", operation, "ouch"));
        check_panic(&process.rest());
        let (exit, printed) = process.end();
        assert_eq!((exit.code(), printed.as_str()), (Some(1), ""));
    }
}

#[test]
fn nothing_follows_the_frame_that_says_it_has_ended() {
    for operation in [operation::PANIC, operation::PANIC_SHORT].repeat(5) {
        let mut process = Process::with_echo();
        let behind = (0..1000).flat_map(|_| call("behind", operation::ECHO_LONG, ""));
        let frames: Vec<u8> = call("panic", operation, "ouch").into_iter().chain(behind).collect();
        process.send(&frames);
        let mut frames = process.rest();
        assert!(matches!(frames.last(), Some(Frame::Ended { status: status::PANICKED, .. })), "{:?}", frames.last());
        // What was sent behind it is refused, if it is answered at all.
        frames.retain(|frame| *frame != reply("behind", status::CLOSED, ""));
        check_panic(&frames);
    }
}
