//! One accepted request and its one answer.

use std::fmt;
use std::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use std::sync::{LazyLock, OnceLock, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use crossbeam_utils::atomic::AtomicCell;

use crate::instance::Inner;
use crate::{Options, Outcome, Recipient};

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
    /// Nothing: the ticket only waits for room.
    Room,
    /// Handle a request.
    Call {
        /// Number of the operation.
        operation: u32,
        /// Whether nobody waits for the answer.
        cast: bool,
        /// The body.
        body: Bytes,
    },
}

impl Job {
    /// Bytes that count towards the bound of a queue.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Job::Call { body, .. } => body.len(),
            Job::Load { .. } | Job::Start { .. } | Job::Room => 0,
        }
    }
}

// ```text
//            attach            answer: the recipient is told
//   WAITING --------> ATTACHED ------------------------> ANSWERED
//      | answer                  attach: told at once        ^
//      '-------------> FINISHED -----------------------------'
//   WAITING, ATTACHED, FINISHED -- cancel --> CANCELLED
// ```
const WAITING: u8 = 0;
const ATTACHED: u8 = 1;
const FINISHED: u8 = 2;
const ANSWERED: u8 = 3;
const CANCELLED: u8 = 4;

/// Stands for "waits for ever" in [`Ticket::set_timeout`].
pub const FOREVER: u32 = u32::MAX;

/// One accepted request: its job until a worker takes it, its outcome, and who is to be told.
///
/// Answered or cancelled exactly once: whoever moves the state first wins, all others do nothing.
pub struct Ticket {
    state: AtomicU8,
    job: AtomicCell<Option<Box<Job>>>,
    weight: usize,
    recipient: OnceLock<Box<dyn Recipient>>,
    /// Where the request is queued, and whether its place there has been given up.
    home: OnceLock<Weak<Inner>>,
    freed: AtomicBool,
    outcome: AtomicCell<Option<Box<Outcome>>>,
    /// Nanoseconds after `EPOCH`; `u64::MAX` for never.
    deadline: AtomicU64,
}

static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

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
        Ticket::new(job.weight(), Some(Box::new(job)))
    }

    fn new(weight: usize, job: Option<Box<Job>>) -> Self {
        Ticket {
            state: AtomicU8::new(WAITING),
            weight,
            job: AtomicCell::new(job),
            recipient: OnceLock::new(),
            home: OnceLock::new(),
            freed: AtomicBool::new(false),
            outcome: AtomicCell::new(None),
            deadline: AtomicU64::new(u64::MAX),
        }
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
            let at = EPOCH.elapsed() + Duration::from_millis(u64::from(millis));
            self.deadline.store(at.as_nanos() as u64, Relaxed);
        }
    }

    /// Nanoseconds until the recipient stops waiting; `u64::MAX` if it never does.
    pub(crate) fn remaining(&self) -> u64 {
        match self.deadline.load(Relaxed) {
            u64::MAX => u64::MAX,
            at => at.saturating_sub(EPOCH.elapsed().as_nanos() as u64),
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
            return self.outcome.take().map(|outcome| *outcome);
        }
        // Nothing but a cancel can have come before the recipient.
        Some(Outcome::Cancelled)
    }

    /// Gives the answer; the first one counts.
    pub fn answer(&self, mut outcome: Outcome) {
        loop {
            match self.state.load(Acquire) {
                ATTACHED if self.moved(ATTACHED, ANSWERED) => return self.tell(outcome),
                ATTACHED => {}
                WAITING => {
                    self.outcome.store(Some(Box::new(outcome)));
                    // Unless the recipient has come, what is stored is for whoever attaches, and not to be touched.
                    if self.state.compare_exchange(WAITING, FINISHED, AcqRel, Acquire) != Err(ATTACHED) {
                        return;
                    }
                    // Another answer may have taken ours: then that one counts.
                    let Some(back) = self.outcome.take() else { return };
                    outcome = *back;
                }
                _ => return,
            }
        }
    }

    /// Withdraws the request. Returns whether it was open: then no answer will come.
    pub fn cancel(&self) -> bool {
        loop {
            let state = self.state.load(Acquire);
            if state >= ANSWERED {
                return false;
            }
            if self.moved(state, CANCELLED) {
                drop(self.outcome.take());
                if self.job.take().is_some()
                    && let Some(home) = self.home.get().and_then(Weak::upgrade)
                {
                    home.withdrawn(self);
                }
                return true;
            }
        }
    }

    /// Whether the recipient's time is over.
    pub(crate) fn is_expired(&self) -> bool {
        self.remaining() == 0
    }

    /// Whether nobody waits any more.
    pub fn is_done(&self) -> bool {
        self.state.load(Acquire) >= ANSWERED
    }

    /// Takes the job, once; none if it was cancelled.
    pub(crate) fn take_job(&self) -> Option<Job> {
        self.job.take().map(|job| *job)
    }

    /// Says where the request is queued.
    pub(crate) fn queue_at(&self, home: Weak<Inner>) {
        let _ = self.home.set(home);
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

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("state", &self.state).finish_non_exhaustive()
    }
}
