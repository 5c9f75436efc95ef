//! Answers in parts: taken from the service in turns, as their recipients give credit for them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::abi::{Answer, Body, Call, Next, State, Stream};
use crate::frame;
use crate::instance::{Inner, Live};
use crate::times::Way;
use crate::{Outcome, Ticket, clock};

/// Most parts that a stream makes before the next request of its instance has its turn.
const TURN_PARTS: usize = 16;

/// The open streams of an instance, by the address of their ticket.
#[derive(Default)]
pub(crate) struct Streams(HashMap<usize, Open>);

struct Open {
    source: Source,
    ticket: Arc<Ticket>,
    /// Of the operation in the service's list.
    place: usize,
}

/// Where the parts come from.
enum Source {
    Service(Stream),
    /// A plain answer, until it is taken: a stream of one part.
    Plain(Option<Bytes>),
}

/// Why no further part is made for now.
enum Pause {
    /// The turn is over; there is credit left.
    Turn,
    /// There is no credit.
    Credit,
    /// The instance ends, and the stream with it.
    Closing,
    /// Nobody wants the rest.
    Unwanted,
    /// The stream has ended.
    End(Outcome),
}

impl Streams {
    fn key(ticket: &Arc<Ticket>) -> usize {
        Arc::as_ptr(ticket).addr()
    }
}

impl Inner {
    /// Asks the service for a stream.
    pub(crate) fn open_stream(
        &self,
        live: &mut Option<Live>,
        ticket: &Arc<Ticket>,
        operation: u32,
        body: &Bytes,
        stack: usize,
    ) -> Result<(), Outcome> {
        let lent = Body { bytes: body, share: &|| body.clone() };
        let call = Call { operation, cast: false, body: lent, ticket: Some(ticket.clone()), stack, stream: true };
        let source = match self.call(live, call, ticket, &mut []) {
            Answer::Stream(stream) => Source::Service(stream),
            Answer::Inline(_) => Source::Plain(Some(Bytes::new())),
            Answer::Outcome(Outcome::Ok(bytes)) => Source::Plain(Some(bytes)),
            Answer::Outcome(outcome) => return Err(outcome),
        };
        if let Some(Live { streams, state, .. }) = live {
            let place = state.service().place(operation).unwrap_or_default();
            ticket.begin();
            streams.0.insert(Streams::key(ticket), Open { source, ticket: ticket.clone(), place });
        }
        Ok(())
    }

    /// Makes the next parts of a stream.
    pub(crate) fn go_on(self: &Arc<Self>, live: &mut Option<Live>, ticket: &Arc<Ticket>, stack: usize, until: u64) {
        let Some(Live { streams, state, .. }) = live else { return };
        let Some(open) = streams.0.get_mut(&Streams::key(ticket)) else { return };
        let outcome = match self.make_parts(state, open, stack, until) {
            Pause::Turn => return self.queue.push(ticket.clone()),
            Pause::Credit if ticket.park() => return self.queue.push(ticket.clone()),
            Pause::Credit | Pause::Closing => return,
            Pause::Unwanted => {
                self.counters.cancelled.add();
                Outcome::Cancelled
            }
            Pause::End(outcome) => outcome,
        };
        drop(streams.0.remove(&Streams::key(ticket)));
        self.finished(ticket);
        ticket.answer(outcome);
    }

    /// Makes parts until something is in the way. Each is noted as a run of the operation.
    fn make_parts(&self, state: &mut State, open: &mut Open, stack: usize, until: u64) -> Pause {
        for _ in 0..TURN_PARTS {
            if open.ticket.is_done() {
                return Pause::Unwanted;
            }
            if self.is_closing() {
                return Pause::Closing;
            }
            let next = match &mut open.source {
                Source::Plain(None) => return Pause::End(Outcome::Ok(Bytes::new())),
                _ if !open.ticket.take_credit() => return Pause::Credit,
                Source::Plain(plain) => plain.take().map_or(Next::End, Next::Part),
                Source::Service(stream) => {
                    let from = self.engine.clock.now();
                    let next = state.next(stream, &open.ticket, stack);
                    let took = self.engine.clock.now().saturating_sub(from);
                    self.times.note(state.service(), open.place, Way::Deferred, took);
                    next
                }
            };
            match next {
                Next::Part(part) if part.len() > frame::LONGEST => {
                    return Pause::End(Outcome::BadRequest("a part is longer than a frame".into()));
                }
                Next::Part(part) => {
                    if !open.ticket.part(part) {
                        return Pause::Unwanted;
                    }
                }
                Next::End => return Pause::End(Outcome::Ok(Bytes::new())),
                Next::Outcome(outcome) => {
                    // A turn is at it already: its end ends the instance.
                    let _ = self.note(&outcome, state);
                    return Pause::End(outcome);
                }
            }
            if clock::now() >= until {
                break;
            }
        }
        Pause::Turn
    }

    /// Answers the streams of a closed instance, which are dropped with its state.
    pub(crate) fn close_streams(&self, streams: &Streams) {
        for open in streams.0.values() {
            open.ticket.answer(Outcome::Closed);
            self.finished(&open.ticket);
        }
    }
}
