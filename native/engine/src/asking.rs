//! How a request gets in: into the queue, or past it to a thread that looks for one; and callers who look for their answers.

use std::hint;
use std::sync::atomic::Ordering::AcqRel;
use std::sync::{Arc, Weak};

use crate::instance::Inner;
use crate::pool::Turn;
use crate::{Instance, Job, Outcome, Ticket};

/// How often a caller looks for the answer to a short request before it is told to wait.
const LOOKS: usize = 64;

/// What became of a request for whose answer its caller looked.
#[derive(Debug)]
pub enum Asked {
    /// This is it.
    Answered(Outcome),
    /// It is not there yet.
    Queued(Arc<Ticket>),
}

impl Instance {
    /// Queues a request. `Busy` or `Closed` if it is not accepted: then the ticket is untouched.
    pub fn submit(&self, ticket: &Arc<Ticket>) -> Result<(), Outcome> {
        self.0.submit(ticket, || ()).map(drop)
    }

    /// Queues a job for one who waits so many milliseconds, and would rather have the answer at once. He may be held for two
    /// or three microseconds: his answer is looked for if a thread that is awake has begun, and the last deferred run was short.
    pub fn ask(&self, job: Job, timeout: u32) -> Result<Asked, Outcome> {
        let ticket = self.0.ticket(job);
        ticket.set_timeout(timeout);
        let begun = self.0.submit(&ticket, || ())?;
        let answer = if begun && self.0.is_brisk() { look(&ticket) } else { None };
        Ok(match answer {
            Some(outcome) => {
                self.0.spare.put(ticket);
                Asked::Answered(outcome)
            }
            None => Asked::Queued(ticket),
        })
    }

    /// As [`Instance::submit`]. `accepted` is called before the request can run: whoever is told that it was accepted is
    /// told so before the instance ends because of it.
    pub fn submit_telling(&self, ticket: &Arc<Ticket>, accepted: impl FnOnce()) -> Result<(), Outcome> {
        self.0.submit(ticket, accepted).map(drop)
    }
}

impl Inner {
    /// Queues a request. Returns whether a worker has it already.
    fn submit(self: &Arc<Self>, ticket: &Arc<Ticket>, accepted: impl FnOnce()) -> Result<bool, Outcome> {
        let before = self.open.fetch_add(1, AcqRel);
        let bytes = self.open_bytes.fetch_add(ticket.weight(), AcqRel);
        let refused = if self.is_closing() {
            Some(Outcome::Closed)
        } else if !self.has_room(before, bytes, ticket.weight()) {
            self.counters.busy.add();
            Some(Outcome::Busy)
        } else {
            None
        };
        if let Some(outcome) = refused {
            self.withdraw(ticket.weight());
            return Err(outcome);
        }
        accepted();
        // Everything sent before has been handled.
        if before == 0
            && !ticket.is_stream()
            && let Some(begun) = self.hand_over(ticket)
        {
            return Ok(begun);
        }
        self.enqueue_ticket(ticket.clone());
        self.request_turn();
        Ok(false)
    }

    /// A ticket for a job, where the last one was if nobody holds that any more.
    fn ticket(&self, job: Job) -> Arc<Ticket> {
        if let Some(mut spare) = self.spare.take()
            && let Some(ticket) = Arc::get_mut(&mut spare)
        {
            ticket.renew(job);
            return spare;
        }
        Arc::new(Ticket::unattached(job))
    }

    fn enqueue_ticket(self: &Arc<Self>, ticket: Arc<Ticket>) {
        self.keep_home(&ticket);
        self.queue.push(ticket);
    }

    /// Says where a ticket waits, so that it gives its place back if it is withdrawn.
    fn keep_home(self: &Arc<Self>, ticket: &Arc<Ticket>) {
        let home: Weak<Inner> = Arc::downgrade(self);
        ticket.queue_at(home);
    }

    /// Hands a request over past the queue, and the turn with it, unless somebody has that. Returns whether whoever gets it
    /// has begun; none if it is to be queued.
    fn hand_over(self: &Arc<Self>, ticket: &Arc<Ticket>) -> Option<bool> {
        let hosted = self.host.runs_turns();
        let somebody = self.thread.get().is_none() && (!hosted || self.door.is_open());
        if !somebody || !self.schedule.is_open() || !self.schedule.claim() {
            return None;
        }
        if !hosted {
            let begun = self.engine.pool.push(Turn { instance: self.clone(), first: Some(ticket.clone()) });
            if !begun {
                self.keep_home(ticket);
            }
            return Some(begun);
        }
        if let Err(left) = self.door.give(ticket.clone()) {
            // Whoever looked has just gone.
            self.enqueue_ticket(left);
            self.schedule.over(self);
            return Some(false);
        }
        Some(true)
    }
}

/// Looks for an answer for two or three microseconds.
fn look(ticket: &Ticket) -> Option<Outcome> {
    for _ in 0..LOOKS {
        if let Some(outcome) = ticket.take_answer() {
            return Some(outcome);
        }
        hint::spin_loop();
    }
    None
}
