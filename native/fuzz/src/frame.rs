//! Frames, as they come from a port: alone, and one after the other to an instance that has no service.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use linkspan_engine::frame::{self, Command, Frame};
use linkspan_engine::{
    Conversation, Engine, Host, Instance, Libraries, Outcome, Pool, Sink, SystemClock, WORKER_STACK,
};

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
    clock: Arc::new(SystemClock),
});

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
        match frame::parse(one.clone()) {
            // Which files there are is none of the fuzzer's business.
            Ok(Frame { command: Command::Load { .. }, .. }) => {}
            Ok(Frame { tag, command }) => {
                assert!(tag.len() < one.len());
                let _ = command.into_job();
                conversation.frame(&instance, one).expect("it has been read before");
                taken = true;
            }
            Err(error) => assert!(!error.to_string().is_empty() && conversation.frame(&instance, one).is_err()),
        }
    }
    taken
}
