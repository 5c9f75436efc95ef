//! One accepted request and its one answer.

use std::fmt;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;

use crate::sync::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Slot};
use crate::{Options, Outcome, Recipient, clock};

/// What an instance is to do.
#[derive(Debug)]
pub enum Job {
    /// Load a service library and find the service in it; the answer describes the service.
    Load {
        /// Path of the library.
        path: String,
        /// Name of the service.
        service: String,
    },
    /// Start the service that was loaded.
    Start {
        /// The service's start argument.
        argument: Bytes,
        /// How the instance is to behave.
        options: Options,
    },
    /// Nothing: the ticket only waits for room for so many bytes.
    Room {
        /// Length of the body.
        wanted: usize,
    },
    /// Handle a request.
    Call {
        /// Number of the operation.
        operation: u32,
        /// Whether nobody waits for the answer.
        cast: bool,
        /// The body.
        body: Bytes,
    },
    /// Handle a request whose answer comes in parts.
    Stream {
        /// Number of the operation.
        operation: u32,
        /// Parts that the recipient has room for, to begin with.
        credit: u32,
        /// The body.
        body: Bytes,
    },
}

impl Job {
    /// Bytes that count towards the bound of a queue.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Job::Call { body, .. } | Job::Stream { body, .. } => body.len(),
            Job::Room { wanted } => *wanted,
            Job::Load { .. } | Job::Start { .. } => 0,
        }
    }
}

/// Where requests are queued.
pub(crate) trait Home: Send + Sync {
    /// A queued request was cancelled.
    fn withdrawn(&self, ticket: &Ticket);

    /// A stream that was parked is to go on.
    fn resume(self: Arc<Self>, ticket: Arc<Ticket>);
}

// ```text
//            attach            answer: the recipient is told
//   WAITING --------> ATTACHED ------------------------> ANSWERED
//      | answer                  attach: told at once        ^
//      '-------------> FINISHED -----------------------------'
//   WAITING, ATTACHED, FINISHED -- cancel --> CANCELLED
//
//   of a stream, while a worker hands over a part:
//   ATTACHED -- part --> SENDING -- the part is there --> ATTACHED
//   SENDING -- cancel, answer --> ENDING -- the part is there, and behind it the answer --> ANSWERED
// ```
const WAITING: u8 = 0;
const ATTACHED: u8 = 1;
const FINISHED: u8 = 2;
const SENDING: u8 = 3;
const ENDING: u8 = 4;
const ANSWERED: u8 = 5;
const CANCELLED: u8 = 6;

/// Stands for "waits for ever" in [`Ticket::set_timeout`].
pub const FOREVER: u32 = u32::MAX;

/// One accepted request: its job until a worker takes it, its outcome, and who is to be told.
///
/// Answered or cancelled exactly once: whoever moves the state first wins, all others do nothing.
pub struct Ticket {
    state: AtomicU8,
    job: Slot<Job>,
    weight: usize,
    recipient: OnceLock<Box<dyn Recipient>>,
    /// Where the request is queued, and whether its place there has been given up.
    home: OnceLock<Weak<dyn Home>>,
    freed: AtomicBool,
    outcome: Slot<Outcome>,
    /// By the system's clock, in nanoseconds; `u64::MAX` for never.
    deadline: AtomicU64,
    /// Only of a stream.
    flow: Option<Box<Flow>>,
}

/// How a stream is held back.
#[derive(Debug)]
struct Flow {
    /// Parts that the recipient has room for.
    credit: AtomicU32,
    /// Whether it is in nobody's queue and waits for credit. Whoever takes this back puts it into the queue.
    parked: AtomicBool,
    /// Whether the service has been asked.
    begun: AtomicBool,
    /// The ticket itself, for the queue.
    ticket: OnceLock<Weak<Ticket>>,
}

impl Ticket {
    /// A request that is in nobody's queue: it runs where it is, while somebody waits so many milliseconds. None at
    /// all: then it is cancelled.
    pub fn here(millis: u32) -> Self {
        let ticket = Ticket::new(0, None);
        match millis {
            0 => drop(ticket.cancel()),
            _ => ticket.set_timeout(millis),
        }
        ticket
    }

    /// A request whose recipient is not yet known: [`Ticket::attach`] brings it.
    pub fn unattached(job: Job) -> Self {
        Ticket::new(job.weight(), Some(job))
    }

    fn new(weight: usize, job: Option<Job>) -> Self {
        let flow = job.as_ref().and_then(Flow::of);
        Ticket {
            state: AtomicU8::new(WAITING),
            weight,
            job: Slot::new(job),
            recipient: OnceLock::new(),
            home: OnceLock::new(),
            freed: AtomicBool::new(false),
            outcome: Slot::new(None),
            deadline: AtomicU64::new(u64::MAX),
            flow,
        }
    }

    /// Makes a ticket that is done with that of another request. Where it is: to move one costs as much as to make it.
    pub(crate) fn renew(&mut self, next: Job) {
        let Ticket { state, job, weight, recipient, home, freed, outcome, deadline, flow } = self;
        *state = AtomicU8::new(WAITING);
        *weight = next.weight();
        *flow = Flow::of(&next);
        *job = Slot::new(Some(next));
        *recipient = OnceLock::new();
        *home = OnceLock::new();
        *freed = AtomicBool::new(false);
        *outcome = Slot::new(None);
        *deadline = AtomicU64::new(u64::MAX);
    }

    /// A request with its recipient.
    pub fn attached(job: Job, recipient: Box<dyn Recipient>) -> Self {
        let ticket = Ticket::unattached(job);
        ticket.attach(recipient);
        ticket
    }

    /// Says how long the recipient will wait, in milliseconds from now; [`FOREVER`] for no limit.
    pub fn set_timeout(&self, millis: u32) {
        if millis != FOREVER {
            self.deadline.store(clock::now() + u64::from(millis) * 1_000_000, Relaxed);
        }
    }

    /// Nanoseconds until the recipient stops waiting; `u64::MAX` if it never does.
    pub(crate) fn remaining(&self) -> u64 {
        match self.deadline.load(Relaxed) {
            u64::MAX => u64::MAX,
            at => at.saturating_sub(clock::now()),
        }
    }

    /// Brings the recipient. Returns the outcome instead if there is one already: then the recipient is not told.
    pub fn attach(&self, recipient: Box<dyn Recipient>) -> Option<Outcome> {
        if self.recipient.set(recipient).is_err() {
            return Some(Outcome::BadRequest(Bytes::from_static(b"this request has been attached already")));
        }
        if self.moved(WAITING, ATTACHED) {
            return None;
        }
        if self.moved(FINISHED, ANSWERED) {
            return self.outcome.take();
        }
        // Nothing but a cancel can have come before the recipient.
        Some(Outcome::Cancelled)
    }

    /// Gives the answer; the first one counts.
    pub fn answer(&self, mut outcome: Outcome) {
        loop {
            match self.state.load(Acquire) {
                ATTACHED if self.moved(ATTACHED, ANSWERED) => {
                    self.tell(outcome);
                    return self.wake();
                }
                ATTACHED => {}
                SENDING => match self.end_sending(outcome) {
                    Some(back) => outcome = back,
                    None => return,
                },
                WAITING => {
                    self.outcome.put(outcome);
                    // Unless the recipient has come, what is stored is for whoever attaches, and not to be touched.
                    if self.state.compare_exchange(WAITING, FINISHED, AcqRel, Acquire) != Err(ATTACHED) {
                        return;
                    }
                    // Another answer may have taken ours: then that one counts.
                    let Some(back) = self.outcome.take() else { return };
                    outcome = back;
                }
                _ => return,
            }
        }
    }

    /// Leaves an answer to whoever hands over a part; gives it back if that is done.
    fn end_sending(&self, outcome: Outcome) -> Option<Outcome> {
        self.outcome.put(outcome);
        if self.state.compare_exchange(SENDING, ENDING, AcqRel, Acquire) != Err(ATTACHED) {
            return None;
        }
        self.outcome.take()
    }

    /// The answer of a request that nobody has attached to, if it has come; once.
    pub fn take_answer(&self) -> Option<Outcome> {
        let finished = self.is_kept() && self.moved(FINISHED, ANSWERED);
        finished.then(|| self.outcome.take()).flatten()
    }

    /// Whether there is an answer that nobody has come for.
    pub(crate) fn is_kept(&self) -> bool {
        self.state.load(Acquire) == FINISHED
    }

    /// Withdraws the request. Returns whether it was open: then no answer will come. If just now a part is handed over,
    /// the answer is to come behind it.
    pub fn cancel(&self) -> bool {
        loop {
            let state = self.state.load(Acquire);
            if state >= ENDING {
                return false;
            }
            if state == SENDING {
                if self.end_sending(Outcome::Cancelled).is_none() {
                    return false;
                }
                continue;
            }
            if self.moved(state, CANCELLED) {
                drop(self.outcome.take());
                if self.job.take().is_some()
                    && let Some(home) = self.home.get().and_then(Weak::upgrade)
                {
                    home.withdrawn(self);
                }
                self.wake();
                return true;
            }
        }
    }

    /// Whether the recipient's time is over at some time by the system's clock.
    pub(crate) fn is_expired(&self, at: u64) -> bool {
        self.deadline.load(Relaxed) <= at
    }

    /// Whether nobody waits any more.
    pub fn is_done(&self) -> bool {
        self.state.load(Acquire) >= ENDING
    }

    /// Takes the job, once; none if it was cancelled.
    pub(crate) fn take_job(&self) -> Option<Job> {
        self.job.take()
    }

    /// Says where the request is queued.
    pub(crate) fn queue_at(self: &Arc<Self>, home: Weak<dyn Home>) {
        let _ = self.home.set(home);
        if let Some(flow) = &self.flow {
            let _ = flow.ticket.set(Arc::downgrade(self));
        }
    }

    /// Says that the recipient of a stream has room for so many parts more.
    pub fn credit(&self, more: u32) {
        if let Some(flow) = &self.flow {
            let _ = flow.credit.fetch_update(AcqRel, Acquire, |credit| Some(credit.saturating_add(more)));
            self.wake();
        }
    }

    /// Uses up the room for one part; false if there is none.
    pub(crate) fn take_credit(&self) -> bool {
        let used = |flow: &Flow| flow.credit.fetch_update(AcqRel, Acquire, |credit| credit.checked_sub(1)).is_ok();
        self.flow.as_deref().is_some_and(used)
    }

    /// Hands over a part. False if nobody wants it, or a further one.
    pub(crate) fn part(&self, part: Bytes) -> bool {
        if !self.moved(ATTACHED, SENDING) {
            return false;
        }
        self.tell(Outcome::Part(part));
        if self.moved(SENDING, ATTACHED) {
            return true;
        }
        let outcome = self.outcome.take().unwrap_or(Outcome::Closed);
        self.state.store(ANSWERED, Release);
        self.tell(outcome);
        false
    }

    /// Whether its answer comes in parts.
    pub(crate) fn is_stream(&self) -> bool {
        self.flow.is_some()
    }

    /// Notes that the service has been asked for the stream, whose place is free when it ends.
    pub(crate) fn begin(&self) {
        if let Some(flow) = &self.flow {
            flow.begun.store(true, Release);
        }
    }

    /// Whether it is a stream that the service has been asked for.
    pub(crate) fn has_begun(&self) -> bool {
        self.flow.as_deref().is_some_and(|flow| flow.begun.load(Acquire))
    }

    /// Waits for credit, outside of the queue. Returns whether that is in vain: it has come, or nobody wants the
    /// stream any more. Then the stream is the caller's again.
    pub(crate) fn park(&self) -> bool {
        let Some(flow) = self.flow.as_deref() else { return false };
        // A swap and no store: who has taken a parking back before this has done its part before, too.
        flow.parked.swap(true, AcqRel);
        let wanted = flow.credit.load(Acquire) > 0 || self.is_done();
        wanted && flow.parked.swap(false, AcqRel)
    }

    /// Puts a parked stream into the queue: for its next parts, or to be dropped.
    fn wake(&self) {
        let Some(flow) = self.flow.as_deref().filter(|flow| flow.parked.swap(false, AcqRel)) else { return };
        let ticket = flow.ticket.get().and_then(Weak::upgrade);
        let home = self.home.get().and_then(Weak::upgrade);
        if let (Some(ticket), Some(home)) = (ticket, home) {
            home.resume(ticket);
        }
    }

    /// Gives up the place in the queue; true once.
    pub(crate) fn free_place(&self) -> bool {
        !self.freed.swap(true, AcqRel)
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    fn moved(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, AcqRel, Acquire).is_ok()
    }

    fn tell(&self, outcome: Outcome) {
        if let Some(recipient) = self.recipient.get() {
            recipient.reply(outcome);
        }
    }
}

impl Flow {
    /// None if the answer does not come in parts.
    fn of(job: &Job) -> Option<Box<Self>> {
        match job {
            Job::Stream { credit, .. } => Some(Box::new(Flow::new(*credit))),
            _ => None,
        }
    }

    fn new(credit: u32) -> Self {
        Flow {
            credit: AtomicU32::new(credit),
            parked: AtomicBool::new(false),
            begun: AtomicBool::new(false),
            ticket: OnceLock::new(),
        }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("state", &self.state).finish_non_exhaustive()
    }
}
