//! What both hosts inside the VM do alike: an instance that is spoken to in operations and commands, by
//! `port_control/3` or by a NIF.

mod calls;
mod commands;
mod direct;
mod external;
mod here;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use crossbeam_utils::CachePadded;
use erl_driver::Pid;
use linkspan_engine::{Asked, Attempt, Body, FOREVER, Instance, Job, OPERATION_LIMIT, Outcome, Recipient, Ticket};
use parking_lot::Mutex;

use self::calls::Calls;
pub use self::direct::Direct;
use self::direct::Mode;
pub use self::external::Reference;
use crate::mail::Caller;

/// Calls from here on say how long their caller waits: 24 bits of milliseconds above six of the operation.
const TIMED: u32 = OPERATION_LIMIT;
const TIMED_BITS: u32 = 6;
/// Operations with this bit are casts.
const CAST: u32 = 1 << 31;
/// Operations from here on are commands to the host.
const COMMANDS: u32 = 0b11 << 30;

/// Room for a short answer on the way to a message.
const ROOM: usize = 256;

/// Who calls, and how a host watches processes. Valid during one callback or NIF call.
pub trait Site {
    /// A monitor on a process.
    type Monitor;

    /// The process that calls; none if it is none of this node.
    fn caller(&self) -> Option<Pid>;

    /// Watches a process; none if it has ended already.
    fn monitor(&self, process: Pid) -> Option<Self::Monitor>;

    /// Stops watching.
    fn demonitor(&self, monitor: &Self::Monitor);

    /// Gives up so many percent of the caller's time slice, 1 to 100.
    fn consume_timeslice(&self, percent: u8);

    /// Pays for an inline run in reductions: a time slice is about a millisecond.
    #[inline]
    fn pay(&self, micros: u32) {
        let percent = micros / 10;
        if percent > 0 {
            self.consume_timeslice(percent.min(100) as u8);
        }
    }
}

/// What the endpoint needs of its host.
pub trait Surroundings {
    /// Says who listens to events, once; false if somebody does already.
    fn listen(&self, listener: Listener) -> bool;
}

/// Who gets `{linkspan, Instance, {event, Binary}}`.
pub struct Listener {
    pub pid: Pid,
    /// The instance as its opener knows it, in the external format.
    pub instance: Bytes,
}

/// What the caller is told at once.
pub enum Said {
    /// It has been done, and the answer is in the room that was provided; so many bytes.
    Written(usize),
    /// Boxed, so that what is said oftenest is returned in registers.
    Outcome(Box<Outcome>),
    /// Queued; the id to attach to.
    Deferred(u64),
    /// The answer will be a message.
    Waiting,
    /// This cannot be read, or not be done.
    Badarg,
}

impl From<Outcome> for Said {
    fn from(outcome: Outcome) -> Self {
        Said::Outcome(Box::new(outcome))
    }
}

/// An instance and the calls that wait for it.
pub struct Endpoint<M> {
    /// None while the keeper has not configured the runtime: then there are commands only.
    pub instance: Option<Instance>,
    /// Whether a call is on its way to a thread that may be held: only one is, so that no other waits there for it. A
    /// hint: if its caller dies on the way, the next turn forgets it.
    moving: AtomicBool,
    /// In cache lines of its own: `instance` is read by others.
    calls: CachePadded<Mutex<Calls<M>>>,
}

impl<M> Endpoint<M> {
    pub fn new(instance: Option<Instance>) -> Self {
        Endpoint { instance, moving: AtomicBool::new(false), calls: CachePadded::default() }
    }

    /// Does an operation or a command. `room` takes a short answer.
    #[inline(always)]
    pub fn control(
        &self,
        site: &impl Site<Monitor = M>,
        around: &impl Surroundings,
        operation: u32,
        body: Body<'_>,
        room: &mut [u8],
    ) -> Said {
        let (number, timeout) = match operation {
            0..OPERATION_LIMIT => (operation, FOREVER),
            TIMED..CAST => (operation & ((1 << TIMED_BITS) - 1), (operation - TIMED) >> TIMED_BITS),
            CAST..COMMANDS => return self.cast(site, operation - CAST, body, room),
            COMMANDS.. => return self.command(site, around, operation - COMMANDS, body),
        };
        self.call(site, number, timeout, body, room)
    }

    /// Does an operation whose caller waits so many milliseconds, until he says otherwise when he attaches.
    #[inline(always)]
    pub fn call(
        &self,
        site: &impl Site<Monitor = M>,
        operation: u32,
        timeout: u32,
        body: Body<'_>,
        room: &mut [u8],
    ) -> Said {
        let Some(instance) = self.instance.as_ref().filter(|_| operation < OPERATION_LIMIT) else {
            return Said::Badarg;
        };
        match inline(site, instance, operation, false, body, room) {
            Some(said) => said,
            None => self.queue(site, instance, call(operation, body), timeout),
        }
    }

    /// Does an operation that nobody waits for.
    fn cast(&self, site: &impl Site<Monitor = M>, operation: u32, body: Body<'_>, room: &mut [u8]) -> Said {
        let Some(instance) = &self.instance else { return Said::Badarg };
        inline(site, instance, operation, true, body, room).unwrap_or_else(|| {
            let job = Job::Call { operation, cast: true, body: (body.share)() };
            let accepted = instance.submit(&Arc::new(Ticket::unattached(job)));
            accepted.map_or_else(Said::from, |()| Said::Written(0))
        })
    }

    /// Queues a job whose caller waits so many milliseconds.
    #[cold]
    pub fn queue(&self, site: &impl Site<Monitor = M>, instance: &Instance, job: Job, timeout: u32) -> Said {
        match instance.ask(job, timeout) {
            Ok(Asked::Answered(outcome)) | Err(outcome) => outcome.into(),
            Ok(Asked::Queued(ticket)) => self.keep(site, ticket),
        }
    }

    /// Handles a call whose sender has said how it wants to be told.
    pub fn direct(&self, site: &impl Site<Monitor = M>, request: Direct, body: Body<'_>) {
        let Some(instance) = &self.instance else { return };
        let Direct { reference, operation, timeout, mode } = request;
        let Some(pid) = site.caller() else { return };
        let caller = Caller { pid, reference: reference.clone() };
        let mut room = [0; ROOM];
        let run = match mode {
            Mode::Soon => instance.try_inline(operation, false, body, &mut room),
            Mode::Deferred | Mode::Stream { .. } => Attempt::Deferred,
        };
        match run {
            Attempt::Written { len, micros } => {
                site.pay(micros);
                caller.reply(Outcome::Ok(Bytes::copy_from_slice(&room[..len as usize])));
            }
            Attempt::Ended(run) => {
                site.pay(run.micros);
                caller.reply(run.outcome.clone());
            }
            Attempt::Deferred => {
                let body = (body.share)();
                let (job, timeout) = match mode {
                    // A stream is wanted until its sender says otherwise.
                    Mode::Stream { credit } => (Job::Stream { operation, credit, body }, FOREVER),
                    Mode::Soon | Mode::Deferred => (Job::Call { operation, cast: false, body }, timeout),
                };
                let ticket = Arc::new(Ticket::attached(job, Box::new(caller)));
                ticket.set_timeout(timeout);
                match instance.submit(&ticket) {
                    Ok(()) => self.calls.lock().keep_attached(site, pid, reference, ticket),
                    Err(refused) => ticket.answer(refused),
                }
            }
        }
    }

    /// Keeps a call that was queued: deferred, or busy if its caller leaves too many unattended.
    fn keep(&self, site: &impl Site<Monitor = M>, ticket: Arc<Ticket>) -> Said {
        let Some(pid) = site.caller() else { return Said::Badarg };
        match self.calls.lock().keep(site, pid, &ticket) {
            Some(id) => Said::Deferred(id),
            None => {
                ticket.cancel();
                Outcome::Busy.into()
            }
        }
    }

    /// Withdraws everything that a dead caller has asked for.
    pub fn caller_died(&self, dead: Pid) {
        self.calls.lock().caller_died(dead);
    }

    /// Answers everything that is open with `closed`.
    pub fn close(&self) {
        self.end(&Outcome::Closed);
    }

    /// Answers everything that is open with what has ended it.
    pub fn end(&self, outcome: &Outcome) {
        self.calls.lock().end(outcome);
    }
}

/// The job of a call that is not run at once.
fn call(operation: u32, body: Body<'_>) -> Job {
    Job::Call { operation, cast: false, body: (body.share)() }
}

/// Runs a request inline, if it may.
#[inline(always)]
fn inline<M>(
    site: &impl Site<Monitor = M>,
    instance: &Instance,
    operation: u32,
    cast: bool,
    body: Body<'_>,
    room: &mut [u8],
) -> Option<Said> {
    match instance.try_inline(operation, cast, body, room) {
        Attempt::Deferred => None,
        Attempt::Written { len, micros } => {
            site.pay(micros);
            Some(Said::Written(if cast { 0 } else { len as usize }))
        }
        Attempt::Ended(run) => {
            site.pay(run.micros);
            Some(told(run.outcome.clone(), cast).into())
        }
    }
}

/// What a caller may be told of an inline run: of a cast, that its operation is unknown, and nothing of how it went.
fn told(outcome: Outcome, cast: bool) -> Outcome {
    match outcome {
        Outcome::UnknownOperation(_) => outcome,
        _ if cast => Outcome::Ok(Bytes::new()),
        _ => outcome,
    }
}
