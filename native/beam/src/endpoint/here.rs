//! Calls whose caller brings them to a thread that may be held, and stays with them: a dirty scheduler's.

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Release};

use linkspan_engine::{Body, Inline, OPERATION_LIMIT, Ticket};

use super::{Endpoint, Said, Site, call, inline};

impl<M> Endpoint<M> {
    /// Runs a call inline if it may, or queues it behind others. Otherwise none: it is to be brought elsewhere.
    pub fn begin(
        &self,
        site: &impl Site<Monitor = M>,
        operation: u32,
        body: Body<'_>,
        timeout: u32,
        room: &mut [u8],
    ) -> Option<Said> {
        let Some(instance) = self.instance.as_ref().filter(|_| operation < OPERATION_LIMIT) else {
            return Some(Said::Badarg);
        };
        if let Some(said) = inline(site, instance, operation, false, body, room) {
            return Some(said);
        }
        // No thread is held by those who would only wait on it.
        let waits = !instance.is_idle() || instance.is_awaited() || self.moving.swap(true, AcqRel);
        waits.then(|| self.queue(site, instance, call(operation, body), timeout))
    }

    /// Nothing is on its way any more.
    pub fn has_moved(&self) {
        self.moving.store(false, Release);
    }

    /// Runs a call on this thread, which may use `stack` bytes, if the instance is still idle; else queues it.
    pub fn run_here(
        &self,
        site: &impl Site<Monitor = M>,
        operation: u32,
        body: Body<'_>,
        timeout: u32,
        room: &mut [u8],
        stack: usize,
    ) -> Said {
        let (Some(instance), Some(pid)) = (&self.instance, site.caller()) else { return Said::Badarg };
        let claim = instance.claim(body.bytes.len());
        self.has_moved();
        let Some(claim) = claim else {
            return self.queue(site, instance, call(operation, body), timeout);
        };
        let ticket = Arc::new(Ticket::here(timeout));
        let (monitored, last) = self.calls.lock().runs(pid, &ticket);
        drop(last);
        if !monitored {
            // Not under the lock: this thread may be preempted, and schedulers take it.
            let monitor = site.monitor(pid);
            self.calls.lock().monitored(site, pid, monitor);
        }
        let answer = claim.run(operation, body, &ticket, room, stack);
        match answer {
            Inline::Written(len) => Said::Written(len),
            Inline::Outcome(outcome) => outcome.into(),
        }
    }
}
