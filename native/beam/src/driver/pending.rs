//! The calls of a port that its callers still wait for, and the monitors on those callers.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::{BufMut, Bytes};
use erl_driver::{Control, Monitor, Pid, Port, Replied};
use linkspan_engine::{Inline, Instance, Job, Outcome, Pending, Run, Ticket, status};

use super::direct::Direct;
use super::{answer, term};
use crate::mail::Caller;

/// Callers monitored before the first look at who of them still waits.
const FIRST_SWEEP: usize = 64;
/// Room for a short answer on the way to a term or a message.
const ROOM: usize = 256;

#[derive(Default)]
pub struct PendingCalls {
    last_id: u64,
    /// Deferred by `port_control`; the caller has not said yet how it wants to be told.
    unattached: Pending<(Pid, u64)>,
    /// By the caller's reference.
    attached: Pending<(Pid, Bytes)>,
    monitors: HashMap<Pid, Monitor>,
    sweep_at: usize,
}

impl PendingCalls {
    /// Keeps a call that was queued, and answers its caller with the id to attach to.
    pub fn deferred(&mut self, port: &Port<'_>, ticket: Arc<Ticket>, mut reply: Control<'_>) -> Replied {
        let id = self.keep(port, ticket);
        let mut room = reply.room();
        room.put_u8(status::DEFERRED);
        room.put_u64(id);
        reply.written(1 + size_of::<u64>())
    }

    fn keep(&mut self, port: &Port<'_>, ticket: Arc<Ticket>) -> u64 {
        let caller = port.caller();
        self.last_id += 1;
        self.unattached.insert((caller, self.last_id), ticket);
        self.watch(port, caller);
        self.last_id
    }

    /// Says how the caller of a deferred call wants to be told. The answer, if there is one already.
    pub fn attach(&mut self, port: &Port<'_>, id: u64, timeout: u32, reference: Bytes) -> Option<Outcome> {
        let pid = port.caller();
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
    pub fn cancel(&mut self, port: &Port<'_>, reference: Bytes) -> bool {
        self.attached.cancel(&(port.caller(), reference))
    }

    /// Lets the caller wait until the queue has room.
    pub fn await_room(&mut self, port: &Port<'_>, instance: &Instance, wanted: usize, reference: Bytes) {
        let pid = port.caller();
        let ticket = Arc::new(Ticket::attached(Job::Room, Box::new(Caller { pid, reference: reference.clone() })));
        self.attached.insert((pid, reference), ticket.clone());
        self.watch(port, pid);
        instance.await_room(&ticket, wanted);
    }

    /// Handles a request whose sender has said how it wants to be told.
    pub fn direct(&mut self, port: &Port<'_>, instance: &Instance, request: Direct) {
        let Direct { reference, operation, timeout, body } = request;
        let pid = port.caller();
        let caller = Box::new(Caller { pid, reference: reference.clone() });
        let mut room = [0; ROOM];
        let run = instance.try_inline_shared(operation, false, &body, &mut room);
        let ticket = Arc::new(Ticket::attached(Job::Call { operation, cast: false, body }, caller));
        match run {
            Some(Run { answer: Inline::Written(len), .. }) => {
                ticket.answer(Outcome::Ok(Bytes::copy_from_slice(&room[..len])));
            }
            Some(Run { answer: Inline::Outcome(ref outcome), .. }) => ticket.answer(outcome.clone()),
            None => {
                ticket.set_timeout(timeout);
                match instance.submit(&ticket) {
                    Err(refused) => ticket.answer(refused),
                    Ok(()) => {
                        self.attached.insert((pid, reference), ticket);
                        self.watch(port, pid);
                    }
                }
            }
        }
    }

    /// Handles an `erlang:port_call/3`.
    pub fn term(
        &mut self,
        port: &Port<'_>,
        instance: &Instance,
        operation: u32,
        body: &[u8],
        reply: Control<'_>,
    ) -> Replied {
        let mut room = [0; ROOM];
        match instance.try_inline(operation, false, body, &mut room) {
            Some(Run { answer: Inline::Written(len), .. }) => reply.bytes(&term::ok(&room[..len])),
            Some(Run { answer: Inline::Outcome(ref outcome), .. }) => reply.bytes(&match outcome {
                Outcome::Ok(bytes) => term::ok(bytes),
                outcome => term::error(outcome.clone()),
            }),
            None => {
                let job = Job::Call { operation, cast: false, body: Bytes::copy_from_slice(body) };
                let ticket = Arc::new(Ticket::unattached(job));
                match instance.submit(&ticket) {
                    Err(refused) => reply.bytes(&term::error(refused)),
                    Ok(()) => reply.bytes(&term::deferred(self.keep(port, ticket))),
                }
            }
        }
    }

    /// Withdraws everything that a dead caller has asked for.
    pub fn caller_died(&mut self, port: &Port<'_>, monitor: Monitor) {
        if let Some(dead) = port.monitored(&monitor) {
            self.monitors.remove(&dead);
            self.forget(dead);
        }
    }

    fn forget(&mut self, dead: Pid) {
        self.unattached.cancel_where(|(pid, _)| *pid == dead);
        self.attached.cancel_where(|(pid, _)| *pid == dead);
    }

    /// Answers everything that is open with `closed`.
    pub fn close(&mut self) {
        self.unattached.close();
        self.attached.close();
    }

    /// Monitors a caller. Those who no longer wait lose their monitors in passing: monitor and demonitor for each
    /// call would cost more than the call.
    fn watch(&mut self, port: &Port<'_>, caller: Pid) {
        if self.monitors.contains_key(&caller) {
            return;
        }
        if self.monitors.len() >= self.sweep_at.max(FIRST_SWEEP) {
            self.sweep(port);
        }
        match port.monitor(caller) {
            Some(monitor) => drop(self.monitors.insert(caller, monitor)),
            None => self.forget(caller),
        }
    }

    fn sweep(&mut self, port: &Port<'_>) {
        let unattached = self.unattached.open_keys().map(|(pid, _)| *pid);
        let waiting: HashSet<Pid> = unattached.chain(self.attached.open_keys().map(|(pid, _)| *pid)).collect();
        self.monitors.retain(|pid, monitor| {
            let waits = waiting.contains(pid);
            if !waits {
                port.demonitor(monitor);
            }
            waits
        });
        self.sweep_at = 2 * self.monitors.len();
    }
}

/// A `port_control` answer for what [`PendingCalls::attach`] found.
pub fn attached(reply: Control<'_>, finished: Option<Outcome>) -> Replied {
    match finished {
        Some(outcome) => answer(reply, outcome),
        None => reply.bytes(&[status::DEFERRED]),
    }
}
