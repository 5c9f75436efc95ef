//! The calls that callers still wait for, and the monitors on those callers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use erl_driver::Pid;
use foldhash::fast::RandomState;
use linkspan_engine::{Instance, Job, Outcome, Pending, Ticket};

use super::{Reference, Site};
use crate::mail::Caller;

/// Deferred calls that nobody has attached to: a client has one at most for each process, and the VM has room for so many
/// processes unless it is told otherwise.
const MOST_UNATTACHED: usize = 1 << 18;
/// Callers monitored before the first look at who of them still waits.
const FIRST_SWEEP: usize = 64;

pub struct Calls<M> {
    last_id: u64,
    /// Deferred; the caller has not said yet how it wants to be told.
    unattached: Pending<(Pid, u64)>,
    /// By the caller's reference.
    attached: Pending<(Pid, Reference)>,
    /// The call that its caller runs itself, in a dirty NIF, or the last one that was run so.
    running: Option<(Pid, Arc<Ticket>)>,
    monitors: HashMap<Pid, M, RandomState>,
    sweep_at: usize,
}

impl<M> Default for Calls<M> {
    fn default() -> Self {
        Calls {
            last_id: 0,
            unattached: Pending::default(),
            attached: Pending::default(),
            running: None,
            monitors: HashMap::default(),
            sweep_at: FIRST_SWEEP,
        }
    }
}

impl<M> Calls<M> {
    /// Keeps a call that was queued; the id to attach to. None if too many wait for that.
    pub fn keep(&mut self, site: &impl Site<Monitor = M>, caller: Pid, ticket: &Arc<Ticket>) -> Option<u64> {
        if self.unattached.len() >= MOST_UNATTACHED {
            return None;
        }
        self.last_id += 1;
        self.unattached.insert((caller, self.last_id), ticket.clone());
        self.watch(site, caller);
        Some(self.last_id)
    }

    /// Says how the caller of a deferred call wants to be told. The answer, if there is one already.
    pub fn attach(&mut self, pid: Pid, id: u64, timeout: u32, reference: Reference) -> Option<Outcome> {
        let Some(ticket) = self.unattached.remove(&(pid, id)) else {
            return Some(Outcome::BadRequest("no deferred call has this id".into()));
        };
        ticket.set_timeout(timeout);
        let finished = ticket.attach(Box::new(Caller { pid, reference: reference.clone() }));
        if finished.is_none() {
            self.attached.insert((pid, reference), ticket);
        }
        finished
    }

    /// Withdraws a call. Returns whether it was open.
    pub fn cancel(&mut self, pid: Pid, reference: Reference) -> bool {
        self.attached.cancel(&(pid, reference))
    }

    /// The open stream that a caller's reference stands for.
    pub fn stream(&self, pid: Pid, reference: Reference) -> Option<Arc<Ticket>> {
        self.attached.get(&(pid, reference)).cloned()
    }

    /// Lets the caller wait until the queue has room.
    pub fn await_room(
        &mut self,
        site: &impl Site<Monitor = M>,
        pid: Pid,
        instance: &Instance,
        wanted: usize,
        reference: Reference,
    ) {
        let ticket =
            Arc::new(Ticket::attached(Job::Room { wanted }, Box::new(Caller { pid, reference: reference.clone() })));
        self.keep_attached(site, pid, reference, ticket.clone());
        instance.await_room(&ticket, wanted);
    }

    /// Keeps a call that was queued and whose answer will be a message.
    pub fn keep_attached(
        &mut self,
        site: &impl Site<Monitor = M>,
        pid: Pid,
        reference: Reference,
        ticket: Arc<Ticket>,
    ) {
        self.attached.insert((pid, reference), ticket);
        self.watch(site, pid);
    }

    /// Notes which call its caller runs itself. Returns whether that caller is monitored, and the call before.
    pub fn runs(&mut self, caller: Pid, ticket: &Arc<Ticket>) -> (bool, Option<(Pid, Arc<Ticket>)>) {
        let last = self.running.replace((caller, ticket.clone()));
        let same = last.as_ref().is_some_and(|(pid, ticket)| *pid == caller && !ticket.is_done());
        (same || self.monitors.contains_key(&caller), last)
    }

    /// That caller is monitored now; without a monitor it is dead.
    pub fn monitored(&mut self, site: &impl Site<Monitor = M>, caller: Pid, monitor: Option<M>) {
        let Some(monitor) = monitor else { return self.forget(caller) };
        // It may have died, and the news of it have come, before this.
        if self.running.as_ref().is_some_and(|(_, ticket)| !ticket.is_done()) {
            self.make_room(site);
            self.monitors.insert(caller, monitor);
        }
    }

    /// Withdraws everything that a dead caller has asked for.
    pub fn caller_died(&mut self, dead: Pid) {
        self.monitors.remove(&dead);
        self.forget(dead);
    }

    fn forget(&mut self, dead: Pid) {
        self.unattached.cancel_where(|(pid, _)| *pid == dead);
        self.attached.cancel_where(|(pid, _)| *pid == dead);
        if let Some((_, ticket)) = self.running.as_ref().filter(|(pid, _)| *pid == dead) {
            ticket.cancel();
        }
    }

    /// Answers everything that is open with what has ended it.
    pub fn end(&mut self, outcome: &Outcome) {
        // Kept: who attaches later is to learn of it.
        self.unattached.answer(outcome);
        self.attached.end(outcome);
    }

    /// Monitors a caller. Those who no longer wait lose their monitors in passing: monitor and demonitor for each
    /// call would cost more than the call.
    fn watch(&mut self, site: &impl Site<Monitor = M>, caller: Pid) {
        if self.monitors.contains_key(&caller) {
            return;
        }
        self.make_room(site);
        match site.monitor(caller) {
            Some(monitor) => drop(self.monitors.insert(caller, monitor)),
            None => self.forget(caller),
        }
    }

    fn make_room(&mut self, site: &impl Site<Monitor = M>) {
        if self.monitors.len() >= self.sweep_at {
            self.sweep(site);
        }
    }

    fn sweep(&mut self, site: &impl Site<Monitor = M>) {
        let running = self.running.as_ref().map(|(pid, _)| *pid);
        let unattached = self.unattached.open_keys().map(|(pid, _)| *pid);
        let attached = self.attached.open_keys().map(|(pid, _)| *pid);
        let waiting: HashSet<Pid> = unattached.chain(attached).chain(running).collect();
        self.monitors.retain(|pid, monitor| {
            let waits = waiting.contains(pid);
            if !waits {
                site.demonitor(monitor);
            }
            waits
        });
        self.sweep_at = FIRST_SWEEP.max(2 * self.monitors.len());
    }
}
