//! Frames, as they come from a port: alone, and one after the other to an instance that has no service.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use linkspan_engine::frame::{self, Command, Frame, FrameError};
use linkspan_engine::{Clock, Conversation, Engine, Host, Instance, Libraries, Outcome, Pool, Sink, WORKER_STACK};

/// A host that nobody hears.
struct Nobody;

impl Host for Nobody {
    fn name(&self) -> &'static str {
        "fuzz"
    }

    fn inline_stack(&self) -> usize {
        WORKER_STACK / 2
    }

    fn event(&self, _event: Bytes) {}

    fn overran(&self, _service: &str, _operation: &str, _spent: Duration) {}

    fn ended(&self, _reason: Outcome) {}
}

/// Whoever sent the frames: an answer has a head that can be read back.
struct Sender;

impl Sink for Sender {
    fn write(&self, head: &[u8], _body: &[u8]) {
        let [frame::kind::REPLY, high, low, tag @ ..] = head else { panic!("{head:?} is no reply") };
        assert_eq!(tag.len(), usize::from(u16::from_be_bytes([*high, *low])) + 1, "a tag and a status");
    }
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine {
    libraries: Arc::new(Libraries::default()),
    pool: Pool::new(1, |worker| drop(std::thread::spawn(worker))),
    clock: Clock::System,
});

/// What is in a frame, which may be a batch, and what is wrong with the rest of it.
fn read(one: &Bytes) -> (Vec<Frame>, Option<FrameError>) {
    let mut frames = Vec::new();
    let Some(batch) = frame::batch(one) else {
        return match frame::parse(one.clone()) {
            Ok(frame) => (vec![frame], None),
            Err(error) => (frames, Some(error)),
        };
    };
    for part in batch {
        match part.and_then(frame::parse) {
            Ok(frame) => frames.push(frame),
            Err(error) => return (frames, Some(error)),
        }
    }
    (frames, None)
}

/// Frames behind each other, each with two bytes of length.
pub fn check(mut bytes: &[u8]) -> bool {
    let mut taken = false;
    let instance = Instance::new(&ENGINE, Arc::new(Nobody));
    let mut conversation = Conversation::new(Arc::new(Sender));
    while let Some(([high, low], rest)) = bytes.split_first_chunk() {
        let (one, rest) = rest.split_at(rest.len().min(usize::from(u16::from_be_bytes([*high, *low]))));
        bytes = rest;
        let one = Bytes::copy_from_slice(one);
        let _ = (frame::load(one.clone()), frame::start(one.clone()));
        let (frames, broken) = read(&one);
        // Which files there are is none of the fuzzer's business.
        if frames.iter().any(|frame| matches!(frame.command, Command::Load { .. })) {
            continue;
        }
        taken |= broken.is_none() && !frames.is_empty();
        for Frame { tag, command } in frames {
            assert!(tag.len() < one.len());
            let _ = command.into_job();
        }
        let told = conversation.frame(&instance, one).err();
        assert_eq!(told, broken, "what it has been read as before");
        assert!(broken.is_none_or(|error| !error.to_string().is_empty()));
    }
    taken
}
