//! Room in the queue of an instance: who has a place, who is refused, and who is told when there is one again.

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

use bytes::Bytes;

use crate::instance::Inner;
use crate::ticket::Home;
use crate::{Options, Outcome, Ticket};

/// Cancelled requests that may lie in any queue: a hundred bytes each.
const FEW_TOMBSTONES: usize = 1024;

impl Inner {
    /// Whether a body of `wanted` bytes fits beside `open` requests with `bytes` bytes.
    pub(crate) fn has_room(&self, open: usize, bytes: usize, wanted: usize) -> bool {
        let options = self.options.get().unwrap_or(&Options::DEFAULT);
        open == 0 || (open < options.limit && bytes.saturating_add(wanted) <= options.bytes)
    }

    /// A request is over: its place in the queue goes to one who waits for it.
    pub(crate) fn finished(&self, ticket: &Ticket) {
        self.left(ticket.weight());
    }

    pub(crate) fn left(&self, weight: usize) {
        let left = self.free(weight);
        self.tell_waiting(left == 0);
    }

    /// A request was refused. Nobody gained a place by it; but if nothing is open any more, nothing else would
    /// wake those who came while it was counted.
    pub(crate) fn withdraw(&self, weight: usize) {
        if self.free(weight) == 0 {
            self.tell_waiting(true);
        }
    }

    fn free(&self, weight: usize) -> usize {
        self.open_bytes.fetch_sub(weight, AcqRel);
        self.open.fetch_sub(1, AcqRel) - 1
    }

    /// Tells those for whom there is room together, in the order in which they came; or all of them: nothing else
    /// would, if those who fit have gone meanwhile.
    fn tell_waiting(&self, all: bool) {
        let mut waiting = self.waiting.lock();
        if waiting.is_empty() {
            return;
        }
        // A place is not lost on somebody who has gone.
        waiting.retain(|ticket| !ticket.is_done());
        let (mut open, mut bytes) = (self.open.load(Acquire), self.open_bytes.load(Acquire));
        let told = waiting.extract_if(.., |ticket| {
            let fits = all || self.has_room(open, bytes, ticket.weight());
            if fits {
                open += 1;
                bytes = bytes.saturating_add(ticket.weight());
            }
            fits
        });
        let told: Vec<_> = told.collect();
        drop(waiting);
        for ticket in told {
            ticket.answer(Outcome::Ok(Bytes::new()));
        }
    }

    pub(crate) fn await_room(&self, ticket: &Arc<Ticket>, wanted: usize) {
        let mut waiting = self.waiting.lock();
        waiting.retain(|other| !other.is_done());
        let room = self.has_room(self.open.load(Acquire), self.open_bytes.load(Acquire), wanted);
        if !room && !self.is_closing() {
            return waiting.push(ticket.clone());
        }
        drop(waiting);
        ticket.answer(if self.is_closing() { Outcome::Closed } else { Outcome::Ok(Bytes::new()) });
    }
}

impl Home for Inner {
    /// A queued request was cancelled. Its place is free at once, unless so many have been cancelled that what is
    /// left of them in the queue has to be bounded.
    fn withdrawn(&self, ticket: &Ticket) {
        let options = self.options.get().unwrap_or(&Options::DEFAULT);
        let most = options.limit.max(FEW_TOMBSTONES);
        if self.tombstones.fetch_add(1, AcqRel) < most && ticket.free_place() {
            self.finished(ticket);
        } else {
            self.tombstones.fetch_sub(1, AcqRel);
        }
    }

    /// The end of the instance needs no such call.
    fn resume(self: Arc<Self>, ticket: Arc<Ticket>) {
        if !self.is_closing() {
            self.queue.push(ticket);
            self.request_turn();
        }
    }
}
