//! An instance that is spoken to in frames: the whole of the `program` host, and `command`s to a driver port.

use std::sync::Arc;

use bytes::Bytes;

use crate::frame::{self, Command, Frame, FrameError};
use crate::{Attempt, Body, Instance, Job, Outcome, Pending, Recipient, Ticket, clock};

/// Where frames go.
pub trait Sink: Send + Sync {
    /// Sends one frame, given in two parts. Called from any thread.
    fn write(&self, head: &[u8], body: &[u8]);

    /// Says that the other side takes several replies in one frame. They need not come so.
    fn may_batch(&self) {}
}

/// Short answers are written here; longer ones travel in buffers of their own.
const ROOM: usize = 256;
/// Up to this size in bytes bodies are copied by whoever keeps them: what they came in may be far larger.
const SHORT: usize = 4096;
/// How long the requests of a batch may hold the thread that brings them, in nanoseconds.
const LONGEST_BATCH: u64 = 1_000_000;

/// The open requests of whoever sends frames to an instance.
pub struct Conversation {
    sink: Arc<dyn Sink>,
    pending: Pending<Bytes>,
}

impl Conversation {
    /// A conversation whose answers go to `sink`.
    pub fn new(sink: Arc<dyn Sink>) -> Self {
        Conversation { sink, pending: Pending::default() }
    }

    /// Handles a frame; returns how long the requests in it held this thread, in microseconds. An error means that the
    /// other side does not keep to the protocol: the host should say so and end the conversation.
    pub fn frame(&mut self, instance: &Instance, frame: Bytes) -> Result<u32, FrameError> {
        let Some(batch) = frame::batch(&frame) else { return self.one(instance, frame::parse(frame)?, None) };
        self.sink.may_batch();
        let from = clock::now();
        for frame in batch {
            self.one(instance, frame::parse(frame?)?, Some(from + LONGEST_BATCH))?;
        }
        Ok(u32::try_from(clock::now().saturating_sub(from) / 1000).unwrap_or(u32::MAX))
    }

    /// Handles one frame. If it is part of a batch, its request may run at once until then; what is left of the batch is
    /// queued, however short.
    fn one(&mut self, instance: &Instance, frame: Frame, until: Option<u64>) -> Result<u32, FrameError> {
        let Frame { tag, mut command } = frame;
        let at_once = until.is_none_or(|until| clock::now() < until);
        if let Command::Call { operation, ref body, .. } = command
            && at_once
            && let Some(held) = self.inline(instance, &tag, operation, false, body)
        {
            return Ok(held);
        }
        if let Command::Cast { operation, ref body } = command
            && at_once
            && let Some(held) = self.inline(instance, &tag, operation, true, body)
        {
            return Ok(held);
        }
        command.detach(if until.is_some() { usize::MAX } else { SHORT });
        match command {
            Command::Cancel => {
                if self.pending.cancel(&tag) {
                    self.reply(&tag, Outcome::Cancelled);
                }
            }
            Command::Info => self.reply(&tag, instance.told_info()),
            Command::Describe => self.reply(&tag, instance.description()),
            Command::Room { wanted } => {
                let tag = kept(&tag);
                let ticket = self.ticket(Job::Room { wanted: wanted as usize }, &tag);
                instance.await_room(&ticket, wanted as usize);
                self.pending.insert(tag, ticket);
            }
            Command::Cast { .. } => self.cast(instance, &tag, command),
            Command::Credit { more } => {
                if let Some(ticket) = self.pending.get(&tag) {
                    ticket.credit(more);
                }
            }
            Command::Call { .. } | Command::Load { .. } | Command::Start { .. } | Command::Stream { .. } => {
                self.submit(instance, &kept(&tag), command)
            }
        }
        Ok(0)
    }

    fn inline(&self, instance: &Instance, tag: &Bytes, operation: u32, cast: bool, body: &Bytes) -> Option<u32> {
        let mut room = [0; ROOM];
        let share = || if body.len() <= SHORT { Bytes::copy_from_slice(body) } else { body.clone() };
        let lent = Body { bytes: body, share: &share };
        let run = match instance.try_inline(operation, cast, lent, &mut room) {
            Attempt::Deferred => return None,
            Attempt::Written { len, micros } => {
                match cast {
                    true => self.acknowledge(tag),
                    false => self.sink.write(&frame::reply(tag, crate::status::OK), &room[..len as usize]),
                }
                return Some(micros);
            }
            Attempt::Ended(run) => run,
        };
        match &run.outcome {
            outcome @ Outcome::UnknownOperation(_) => self.refuse(tag, outcome.clone(), cast),
            // A cast is acknowledged, whatever became of it.
            _ if cast => self.acknowledge(tag),
            outcome => self.reply(tag, outcome.clone()),
        }
        Some(run.micros)
    }

    fn submit(&mut self, instance: &Instance, tag: &Bytes, command: Command) {
        let Some((job, timeout)) = command.into_job() else { return };
        let ticket = self.ticket(job, tag);
        ticket.set_timeout(timeout);
        match instance.submit(&ticket) {
            Ok(()) => self.pending.insert(tag.clone(), ticket),
            Err(refused) => ticket.answer(refused),
        }
    }

    fn cast(&self, instance: &Instance, tag: &Bytes, command: Command) {
        let Some((job, _)) = command.into_job() else { return };
        let ticket = Arc::new(Ticket::unattached(job));
        if let Err(refused) = instance.submit_telling(&ticket, || self.acknowledge(tag)) {
            self.refuse(tag, refused, true);
        }
    }

    fn refuse(&self, tag: &Bytes, outcome: Outcome, cast: bool) {
        if !cast || !tag.is_empty() {
            self.reply(tag, outcome);
        }
    }

    fn acknowledge(&self, tag: &Bytes) {
        if !tag.is_empty() {
            self.reply(tag, Outcome::Ok(Bytes::new()));
        }
    }

    fn ticket(&self, job: Job, tag: &Bytes) -> Arc<Ticket> {
        let recipient = FrameRecipient { sink: self.sink.clone(), tag: tag.clone() };
        Arc::new(Ticket::attached(job, Box::new(recipient)))
    }

    fn reply(&self, tag: &[u8], outcome: Outcome) {
        write(&*self.sink, tag, outcome);
    }
}

/// A tag in memory of its own: it is kept longer than the frame it came in.
fn kept(tag: &Bytes) -> Bytes {
    Bytes::copy_from_slice(tag)
}

struct FrameRecipient {
    sink: Arc<dyn Sink>,
    tag: Bytes,
}

impl Recipient for FrameRecipient {
    fn reply(&self, outcome: Outcome) {
        write(&*self.sink, &self.tag, outcome);
    }
}

fn write(sink: &dyn Sink, tag: &[u8], outcome: Outcome) {
    let outcome = match outcome {
        Outcome::Ok(body) if body.len() > frame::LONGEST => {
            Outcome::BadRequest("the answer is longer than a frame".into())
        }
        outcome => outcome,
    };
    let head = frame::reply(tag, outcome.status());
    sink.write(&head, &outcome.into_body());
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation").field("pending", &self.pending).finish_non_exhaustive()
    }
}
