//! Those around a ticket: who is told, and where it is queued.

use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::ticket::{Home, Job, Ticket};
use crate::{Outcome, Recipient};

/// All that its recipient was told. Locks of the standard library: no step of a model is within them.
#[derive(Clone, Default)]
pub struct Told(Arc<Mutex<Vec<Outcome>>>);

impl Told {
    pub fn all(&self) -> Vec<Outcome> {
        self.0.lock().unwrap().clone()
    }

    pub fn recipient(&self) -> Box<dyn Recipient> {
        Box::new(self.clone())
    }
}

impl Recipient for Told {
    fn reply(&self, outcome: Outcome) {
        self.0.lock().unwrap().push(outcome);
    }
}

/// A queue, and how often a ticket came back to it.
#[derive(Default)]
pub struct House {
    pub resumed: Mutex<usize>,
    pub withdrawn: Mutex<usize>,
}

impl Home for House {
    fn withdrawn(&self, _ticket: &Ticket) {
        *self.withdrawn.lock().unwrap() += 1;
    }

    fn resume(self: Arc<Self>, _ticket: Arc<Ticket>) {
        *self.resumed.lock().unwrap() += 1;
    }
}

impl House {
    /// Queues a request.
    pub fn take_in(self: &Arc<Self>, ticket: &Arc<Ticket>) {
        let home: std::sync::Weak<House> = Arc::downgrade(self);
        ticket.queue_at(home);
    }
}

pub fn call() -> Job {
    Job::Call { operation: 1, cast: false, body: Bytes::new() }
}

pub fn stream(credit: u32) -> Job {
    Job::Stream { operation: 1, credit, body: Bytes::new() }
}

pub fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}
