//! Requests whose answers arrive on channels.

use std::sync::Arc;

use bytes::Bytes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use linkspan_engine::{Job, Outcome, Recipient, Ticket};

use crate::memory_host::PATIENCE;

/// The answer with these bytes.
pub fn ok(body: &str) -> Outcome {
    Outcome::Ok(Bytes::copy_from_slice(body.as_bytes()))
}

/// A part of a stream.
pub fn part(body: &str) -> Outcome {
    Outcome::Part(Bytes::copy_from_slice(body.as_bytes()))
}

/// A recipient at the other end of a channel.
struct Mailbox(Sender<Outcome>);

impl Recipient for Mailbox {
    fn reply(&self, outcome: Outcome) {
        let _ = self.0.send(outcome);
    }
}

/// A request and the place where its answer arrives.
pub struct Asked {
    pub ticket: Arc<Ticket>,
    answers: Receiver<Outcome>,
}

impl Asked {
    pub fn new(job: Job) -> Self {
        let asked = Asked::attach_to(Arc::new(Ticket::unattached(job)));
        asked.expect("nothing has answered a request that was just made")
    }

    /// Waits for the answer to a request from now on; the answer instead, if there is one.
    pub fn attach_to(ticket: Arc<Ticket>) -> Result<Self, Outcome> {
        let (sender, answers) = unbounded();
        let answered = ticket.attach(Box::new(Mailbox(sender)));
        answered.map_or(Ok(Asked { ticket, answers }), Err)
    }

    pub fn call(operation: u32, body: &str) -> Self {
        Asked::new(Job::Call { operation, cast: false, body: Bytes::copy_from_slice(body.as_bytes()) })
    }

    pub fn stream(operation: u32, body: &str, credit: u32) -> Self {
        Asked::new(Job::Stream { operation, credit, body: Bytes::copy_from_slice(body.as_bytes()) })
    }

    /// Waits for so many parts.
    pub fn parts(&self, number: usize) -> Vec<Outcome> {
        (0..number).map(|_| self.answer()).collect()
    }

    /// Waits for the answer.
    pub fn answer(&self) -> Outcome {
        self.answers.recv_timeout(PATIENCE).expect("an answer")
    }

    /// Waits for the answer, and then until no second one can come.
    pub fn only_answer(self) -> Outcome {
        let answer = self.answer();
        self.nothing_comes();
        answer
    }

    /// Waits until nobody holds the request any more, and with it its recipient; until then nothing may come.
    pub fn nothing_comes(self) {
        drop(self.ticket);
        assert_eq!(self.answers.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    }

    pub fn is_answered(&self) -> bool {
        !self.answers.is_empty()
    }
}
