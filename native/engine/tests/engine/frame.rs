//! Request frames: what is read from which bytes, and what is said of all others.

use bytes::Bytes;
use linkspan_engine::frame::{self, Command, Frame, FrameError, LONGEST, VERSION, kind};
use linkspan_engine::{Job, OnPanic, Options, Outcome};
use proptest::prelude::*;

use crate::requests::{call, cast, credit, head, load, room, start, stream};

fn parse(frame: &[u8]) -> Result<Frame, FrameError> {
    frame::parse(Bytes::copy_from_slice(frame))
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

#[test]
fn each_kind_is_read() {
    let options = Options { limit: 5, bytes: 6, on_panic: OnPanic::Keep };
    let cases = [
        (call(b"t", 7, 8, b"body"), Command::Call { operation: 7, timeout: 8, body: bytes("body") }),
        (cast(b"t", 7, b"body"), Command::Cast { operation: 7, body: bytes("body") }),
        (head(kind::CANCEL, b"t"), Command::Cancel),
        (load(b"t", VERSION, b"/a.so", b"echo"), Command::Load { path: "/a.so".into(), service: "echo".into() }),
        (start(b"t", 5, 6, 1, b"arg"), Command::Start { options, argument: bytes("arg") }),
        (room(b"t", 1 << 40), Command::Room { wanted: 1 << 40 }),
        (head(kind::INFO, b"t"), Command::Info),
        (stream(b"t", 7, 8, b"body"), Command::Stream { operation: 7, credit: 8, body: bytes("body") }),
        (credit(b"t", 9), Command::Credit { more: 9 }),
        (head(kind::DESCRIBE, b"t"), Command::Describe),
    ];
    for (frame, command) in cases {
        assert_eq!(parse(&frame), Ok(Frame { tag: bytes("t"), command }));
    }
}

#[test]
fn tags_and_bodies_may_be_empty_or_long() {
    for len in [0, 1, 255, 256, 65_535] {
        let tag = vec![7; len];
        assert_eq!(parse(&head(kind::INFO, &tag)), Ok(Frame { tag: tag.into(), command: Command::Info }));
    }
    let command = Command::Call { operation: 0, timeout: 0, body: Bytes::new() };
    assert_eq!(parse(&call(b"", 0, 0, b"")), Ok(Frame { tag: Bytes::new(), command }));
    let long = vec![1; 100_000];
    let command = Command::Cast { operation: u32::MAX, body: long.clone().into() };
    assert_eq!(parse(&cast(b"", u32::MAX, &long)), Ok(Frame { tag: Bytes::new(), command }));
}

#[test]
fn tag_and_body_share_the_bytes_of_their_frame() {
    let frame = Bytes::from(call(b"tag", 1, 2, b"body"));
    let range = frame.as_ptr_range();
    let Frame { tag, command: Command::Call { body, .. } } = frame::parse(frame.clone()).unwrap() else {
        panic!("not a call")
    };
    assert!(range.contains(&body.as_ptr()));
    assert!(range.contains(&tag.as_ptr()));
}

/// Cuts a frame at each position. `fields` are the names and lengths of what must be there.
fn cut(frame: &[u8], fields: &[(&'static str, usize)]) {
    for len in 0..=frame.len() {
        let mut end = 0;
        let missing = fields.iter().find(|(_, field)| {
            end += field;
            len < end
        });
        match (missing, parse(&frame[..len])) {
            (Some((name, _)), result) => assert_eq!(result, Err(FrameError::Short(name)), "cut at {len}"),
            (None, result) => assert!(result.is_ok(), "cut at {len}: {result:?}"),
        }
    }
}

#[test]
fn a_frame_that_is_cut_off_says_what_is_missing() {
    const HEAD: [(&str, usize); 3] = [("kind", 1), ("tag length", 2), ("tag", 3)];
    let with = |fields: &[(&'static str, usize)]| [&HEAD, fields].concat();
    cut(&call(b"tag", 1, 2, b"body"), &with(&[("operation", 4), ("time-out", 4)]));
    cut(&cast(b"tag", 1, b"body"), &with(&[("operation", 4)]));
    cut(&head(kind::CANCEL, b"tag"), &HEAD);
    cut(&load(b"tag", VERSION, b"/some/path", b"echo"), &with(&[("version", 1), ("path length", 4), ("path", 10)]));
    cut(&start(b"tag", 1, 2, 0, b"argument"), &with(&[("request limit", 8), ("byte limit", 8), ("on_panic", 1)]));
    cut(&room(b"tag", 1), &with(&[("bytes wanted", 8)]));
    cut(&head(kind::INFO, b"tag"), &HEAD);
    cut(&stream(b"tag", 1, 2, b"body"), &with(&[("operation", 4), ("credit", 4)]));
    cut(&credit(b"tag", 1), &with(&[("credit", 4)]));
}

#[test]
fn a_frame_that_goes_on_behind_its_fields_is_refused() {
    let with = |frame: Vec<u8>| parse(&[frame, vec![0]].concat());
    assert_eq!(with(head(kind::CANCEL, b"tag")), Err(FrameError::Long("tag")));
    assert_eq!(with(head(kind::INFO, b"tag")), Err(FrameError::Long("tag")));
    assert_eq!(with(room(b"tag", 1)), Err(FrameError::Long("bytes wanted")));
    assert_eq!(with(credit(b"tag", 1)), Err(FrameError::Long("credit")));
}

#[test]
fn another_version_is_refused() {
    for version in [0, VERSION + 1, 255] {
        assert_eq!(parse(&load(b"", version, b"/a.so", b"echo")), Err(FrameError::WrongVersion(version)));
    }
}

#[test]
fn an_unknown_kind_is_refused() {
    let known = |kind: &u8| matches!(*kind, kind::CALL..=kind::INFO | kind::STREAM..=kind::DESCRIBE);
    for kind in (0..=255).filter(|kind| !known(kind)) {
        assert_eq!(parse(&head(kind, b"tag")), Err(FrameError::UnknownKind(kind)));
    }
}

#[test]
fn paths_and_names_are_utf_8() {
    assert_eq!(parse(&load(b"", VERSION, b"/\xff", b"echo")), Err(FrameError::NotText("the path")));
    assert_eq!(parse(&load(b"", VERSION, b"/", b"\xff")), Err(FrameError::NotText("the service name")));
}

#[test]
fn on_panic_is_one_of_two() {
    for on_panic in 2..=255 {
        assert_eq!(parse(&start(b"", 1, 1, on_panic, b"")), Err(FrameError::WrongOnPanic(on_panic)));
    }
}

#[test]
fn an_error_is_said_in_words_that_fit_a_reply() {
    let words = |error: FrameError| match Outcome::from(error) {
        Outcome::Protocol(why) => String::from_utf8(why.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(words(FrameError::Short("tag")), "the frame ends before its tag");
    assert_eq!(words(FrameError::Long("tag")), "the frame goes on behind its tag");
    assert_eq!(words(FrameError::UnknownKind(9)), "9 is no kind of request frame");
    assert!(words(FrameError::WrongVersion(9)).contains(&format!("9, this host has {VERSION}")));
    assert!(words(FrameError::TooLong(LONGEST + 1)).contains(&(LONGEST + 1).to_string()));
}

#[test]
fn commands_for_an_instance_become_jobs() {
    let command = |frame: Vec<u8>| parse(&frame).unwrap().command;
    let (job, timeout) = command(call(b"", 1, 2, b"body")).into_job().unwrap();
    assert!(matches!(job, Job::Call { operation: 1, cast: false, body } if body == "body"));
    assert_eq!(timeout, 2);
    let (job, timeout) = command(cast(b"", 1, b"body")).into_job().unwrap();
    assert!(matches!(job, Job::Call { operation: 1, cast: true, body } if body == "body"));
    assert_eq!(timeout, u32::MAX);
    let (job, timeout) = command(stream(b"", 1, 2, b"body")).into_job().unwrap();
    assert!(matches!(job, Job::Stream { operation: 1, credit: 2, body } if body == "body"));
    assert_eq!(timeout, u32::MAX);
    assert!(command(credit(b"", 1)).into_job().is_none());
    assert!(command(head(kind::CANCEL, b"")).into_job().is_none());
    assert!(command(head(kind::INFO, b"")).into_job().is_none());
    assert!(command(room(b"", 1)).into_job().is_none());
}

#[test]
fn heads_of_answers_are_written() {
    assert_eq!(frame::reply(b"tag", 7)[..], *b"\x81\x00\x03tag\x07");
    assert_eq!(frame::reply(b"", 0)[..], *b"\x81\x00\x00\x00");
    assert_eq!(frame::EVENT, [0x82]);
    assert_eq!(frame::ended(&Outcome::Panicked(Bytes::new())), [0x83, 3]);
}

proptest! {
    #[test]
    fn no_bytes_panic(frame in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&frame);
    }

    #[test]
    fn no_bytes_behind_a_sound_head_panic(
        kind in kind::CALL..=kind::CREDIT,
        tag in prop::collection::vec(any::<u8>(), 0..20),
        rest in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let frame = [head(kind, &tag), rest].concat();
        if let Ok(frame) = parse(&frame) {
            prop_assert_eq!(frame.tag, tag);
        }
    }

    #[test]
    fn any_call_is_read_as_it_was_written(
        tag in prop::collection::vec(any::<u8>(), 0..300),
        operation: u32,
        timeout: u32,
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let frame = parse(&call(&tag, operation, timeout, &body));
        let command = Command::Call { operation, timeout, body: body.into() };
        prop_assert_eq!(frame, Ok(Frame { tag: tag.into(), command }));
    }

    #[test]
    fn any_load_is_read_as_it_was_written(path: String, service: String) {
        let frame = parse(&load(b"", VERSION, path.as_bytes(), service.as_bytes()));
        prop_assert_eq!(frame, Ok(Frame { tag: Bytes::new(), command: Command::Load { path, service } }));
    }
}
