//! Where an instance stands in its life, and whose turn it is. What it does in a turn is in `turn.rs`: here are the steps
//! that threads take around one, which `make loom` tries in every order.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};

use crate::sync::AtomicU8;

// ```text
//   BLANK -- a service has started --> OPEN
//   BLANK, OPEN -- close, panic, failed start --> CLOSING -- a worker has dropped the state --> CLOSED
// ```
const BLANK: u8 = 0;
const OPEN: u8 = 1;
const CLOSING: u8 = 2;
const CLOSED: u8 = 3;

// ```text
//   IDLE -- something is to be done --> TAKEN: in the run queue, or running -- the turn is over --> IDLE
//   IDLE -- the same, and the host runs turns itself --> ASKED -- it does --> TAKEN
//   ASKED -- close: the host may never come --> TAKEN, in the run queue
// ```
const IDLE: u8 = 0;
const ASKED: u8 = 1;
const TAKEN: u8 = 2;

/// Whose turns are scheduled.
pub(crate) trait Turns {
    /// Whether turns are the host's, but for the first and the last.
    fn are_hosted(&self) -> bool;

    /// Asks the host for a turn.
    fn ask_host(&self);

    /// Puts the next turn into the run queue of those who take it.
    fn enqueue(self: &Arc<Self>);

    /// Whether there is something to be done in a turn.
    fn wanted(&self) -> bool;
}

/// Both states of an instance. Whoever moves the turn to `TAKEN` has it, and sees to it that it ends.
#[derive(Debug)]
pub(crate) struct Schedule {
    phase: AtomicU8,
    turn: AtomicU8,
}

impl Schedule {
    pub(crate) fn new() -> Self {
        Schedule { phase: AtomicU8::new(BLANK), turn: AtomicU8::new(IDLE) }
    }

    /// Sees to it that there is a turn, unless one runs or is to come. Called after what it is for can be seen.
    pub(crate) fn request(&self, turns: &Arc<impl Turns>) {
        if !self.is_open() || !turns.are_hosted() {
            return self.enqueue_from(&[IDLE], turns);
        }
        if self.moved(IDLE, ASKED) {
            turns.ask_host();
            if !self.is_open() {
                self.enqueue_from(&[ASKED], turns);
            }
        }
    }

    fn enqueue_from(&self, from: &[u8], turns: &Arc<impl Turns>) {
        if from.iter().any(|from| self.moved(*from, TAKEN)) {
            turns.enqueue();
        }
    }

    /// Takes the turn if nobody has it or is to have it.
    pub(crate) fn claim(&self) -> bool {
        self.moved(IDLE, TAKEN)
    }

    /// Takes the turn that the host was asked for, unless somebody else has taken it meanwhile.
    pub(crate) fn accept(&self) -> bool {
        self.moved(ASKED, TAKEN)
    }

    /// Gives the turn up, and sees to it that there is another one if there has to be.
    pub(crate) fn over(&self, turns: &Arc<impl Turns>) {
        self.turn.store(IDLE, SeqCst);
        if turns.wanted() || self.phase.load(SeqCst) == CLOSING {
            self.request(turns);
        }
    }

    /// Notes that a service has started. Without effect if the instance was closed meanwhile.
    pub(crate) fn open(&self) {
        let _ = self.phase.compare_exchange(BLANK, OPEN, SeqCst, SeqCst);
    }

    /// Begins the end, for a last turn that is to come; returns whether that is news.
    pub(crate) fn close(&self) -> bool {
        self.phase.fetch_max(CLOSING, SeqCst) < CLOSING
    }

    /// Sees to it that a closing instance has its last turn, on a worker.
    pub(crate) fn request_last(&self, turns: &Arc<impl Turns>) {
        if !self.is_closed() {
            self.enqueue_from(&[IDLE, ASKED], turns);
        }
    }

    /// Notes that the state is gone; returns whether that is news.
    pub(crate) fn end(&self) -> bool {
        self.phase.swap(CLOSED, SeqCst) != CLOSED
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase.load(SeqCst) == OPEN
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.phase.load(Acquire) >= CLOSING
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.phase.load(SeqCst) == CLOSED
    }

    /// As `info` tells it.
    pub(crate) fn phase(&self) -> u8 {
        self.phase.load(Relaxed)
    }

    fn moved(&self, from: u8, to: u8) -> bool {
        self.turn.compare_exchange(from, to, SeqCst, SeqCst).is_ok()
    }
}
