//! Deferred requests on threads of a host that may be held: in turns that it was asked for, or the caller's own at once.

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::time::{Duration, Instant};

use crate::abi::{Answer, Body, Call};
use crate::instance::Inner;
use crate::schedule::Turns;
use crate::{Inline, Instance, Outcome, Ticket};

/// A thread of the host goes on with turns that follow one another so long, at most.
const TURN: Duration = Duration::from_millis(1);

/// A turn of an idle instance for one request, taken by the thread that brings it. The request counts as open.
#[derive(Debug)]
pub struct Claim<'a> {
    inner: &'a Arc<Inner>,
    weight: usize,
}

impl Instance {
    /// Whether nothing is open: a request that comes now could be the next to run.
    pub fn is_idle(&self) -> bool {
        self.0.open.load(Acquire) == 0
    }

    /// Takes the turn for a request with a body of so many bytes, if everything sent before has been handled and no
    /// turn is running.
    pub fn claim(&self, weight: usize) -> Option<Claim<'_>> {
        let inner = &self.0;
        if !self.is_idle() || inner.thread.get().is_some() {
            return None;
        }
        inner.open_bytes.fetch_add(weight, AcqRel);
        let first = inner.open.fetch_add(1, AcqRel) == 0;
        if first && inner.schedule.claim() {
            let claim = Claim { inner, weight };
            // A service that has its own thread by now is not for this one.
            return inner.thread.get().is_none().then_some(claim);
        }
        inner.withdraw(weight);
        None
    }

    /// Runs a turn that the host was asked for, on this thread, which may use `stack` bytes. Nothing happens if the
    /// turn has been taken by somebody else meanwhile.
    pub fn run_turn(&self, stack: usize) {
        let inner = &self.0;
        if !inner.schedule.accept() {
            return;
        }
        let until = Instant::now() + TURN;
        let mut first = None;
        loop {
            let _ = inner.handle_some(&mut inner.live.lock(), first.take(), stack, || false);
            // Before the next turn can be asked for.
            let looks = inner.is_brisk() && Instant::now() < until && inner.door.open();
            inner.schedule.over(inner);
            if looks {
                first = inner.door.look(|| inner.wanted() || inner.is_closing());
            }
            if first.is_none() {
                return;
            }
        }
    }

    /// Whether a request that is queued will be taken at once, or soon will be if it makes its host run a turn: its turns are so
    /// short and follow one another so quickly.
    pub fn is_awaited(&self) -> bool {
        let inner = &self.0;
        inner.door.is_open() || (inner.is_brisk() && inner.engine.clock.now() < inner.hot_until.load(Relaxed))
    }

    /// Ends an instance on which a bug of ours has panicked.
    pub fn abandon(&self) {
        self.0.abandon();
    }
}

impl Claim<'_> {
    /// Runs the request on this thread, which may use `stack` bytes. `ticket` says until when it is wanted; `room`
    /// takes a short answer.
    pub fn run(&self, operation: u32, body: Body<'_>, ticket: &Arc<Ticket>, room: &mut [u8], stack: usize) -> Inline {
        // At most one inline run has to be waited for.
        let mut live = self.inner.live.lock();
        if self.inner.is_closing() {
            return Inline::Outcome(Outcome::Closed);
        }
        // Dropped, as it would be in the queue.
        if ticket.is_done() {
            self.inner.counters.cancelled.add();
            return Inline::Outcome(Outcome::Expired);
        }
        let call = Call { operation, cast: false, body, ticket: Some(ticket.clone()), stack, stream: false };
        match self.inner.call(&mut live, call, ticket, room) {
            Answer::Inline(len) => Inline::Written(len),
            Answer::Outcome(outcome) => Inline::Outcome(outcome),
            Answer::Stream(_) => Inline::Outcome(Outcome::Closed),
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.inner.left(self.weight);
        self.inner.schedule.over(self.inner);
    }
}
