//! Instances: one service with its own state, a bounded queue, one request at a time.

use std::fmt;
use std::sync::atomic::{
    AtomicBool, AtomicU8, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, SeqCst},
};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use crossbeam_queue::SegQueue;
use parking_lot::Mutex;

use crate::abi::{Answer, Body, Call, Service, State};
use crate::counters::Counters;
use crate::{Counts, Engine, Host, Job, Outcome, Ticket, WORKER_STACK};

/// How an instance behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Requests that may be open at once.
    pub limit: usize,
    /// Bytes of bodies that may be queued at once. A longer body is taken when nothing else is open.
    pub bytes: usize,
    /// What a panic does to the instance.
    pub on_panic: OnPanic,
}

impl Options {
    /// What holds until the client says otherwise.
    pub const DEFAULT: Options = Options { limit: 4096, bytes: 256 * 1024 * 1024, on_panic: OnPanic::Stop };
}

/// What a panic does to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPanic {
    /// It ends.
    Stop,
    /// It lives on with whatever state the panic left.
    Keep,
}

/// Most requests that a worker handles before it lets other instances have their turn.
const TURN_REQUESTS: usize = 64;
/// Time after which a worker does the same.
const TURN_TIME: Duration = Duration::from_millis(1);

// ```text
//   BLANK -- a service has started --> OPEN
//   BLANK, OPEN -- close, panic, failed start --> CLOSING -- a worker has dropped the state --> CLOSED
// ```
const BLANK: u8 = 0;
const OPEN: u8 = 1;
const CLOSING: u8 = 2;
const CLOSED: u8 = 3;

/// A handle on an instance. When the host drops it the instance closes.
#[derive(Debug)]
pub struct Instance(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) host: Arc<dyn Host>,
    engine: Engine,
    phase: AtomicU8,
    /// Whether the instance is in the run queue or on a worker.
    scheduled: AtomicBool,
    /// The service, once it is loaded.
    service: OnceLock<Service>,
    state: Mutex<Option<State>>,
    options: OnceLock<Options>,
    queue: SegQueue<Arc<Ticket>>,
    /// Requests accepted and not yet finished, and the bytes of their bodies.
    open: AtomicUsize,
    open_bytes: AtomicUsize,
    /// Callers who wait for room in the queue.
    waiting: Mutex<Vec<Arc<Ticket>>>,
    counters: Counters,
}

/// How an attempt to run at once ended.
#[derive(Debug)]
pub enum Inline {
    /// The answer is in the room that was provided; that many bytes.
    Written(usize),
    /// The answer.
    Outcome(Outcome),
}

impl Instance {
    /// An instance without a service: [`Job::Load`] and [`Job::Start`] bring one.
    pub fn new(engine: &Engine, host: Arc<dyn Host>) -> Self {
        Instance(Arc::new(Inner {
            host,
            engine: engine.clone(),
            phase: AtomicU8::new(BLANK),
            scheduled: AtomicBool::new(false),
            service: OnceLock::new(),
            state: Mutex::new(None),
            options: OnceLock::new(),
            queue: SegQueue::new(),
            open: AtomicUsize::new(0),
            open_bytes: AtomicUsize::new(0),
            waiting: Mutex::new(Vec::new()),
            counters: Counters::default(),
        }))
    }

    /// Runs a request here and now, if it is short and the instance idle. `room` takes a short answer.
    pub fn try_inline(&self, operation: u32, cast: bool, body: &[u8], room: &mut [u8]) -> Option<Inline> {
        self.0.try_inline(operation, cast, Body::Lent(body), room)
    }

    /// As [`Instance::try_inline`], with a body that the service may share.
    pub fn try_inline_shared(&self, operation: u32, cast: bool, body: &Bytes, room: &mut [u8]) -> Option<Inline> {
        self.0.try_inline(operation, cast, Body::Owned(body), room)
    }

    /// Queues a request. `Busy` or `Closed` if it is not accepted: then the ticket is untouched.
    pub fn submit(&self, ticket: &Arc<Ticket>) -> Result<(), Outcome> {
        self.0.submit(ticket)
    }

    /// Answers a ticket when the queue may have room for a body of `wanted` bytes; its job is not looked at.
    pub fn await_room(&self, ticket: &Arc<Ticket>, wanted: usize) {
        self.0.await_room(ticket, wanted);
    }

    /// Ends the instance. Never blocks: running work is told to stop, and a worker drops the state.
    pub fn close(&self) {
        self.0.close();
    }

    /// The state of the instance in the bytes that `docs/frame.md` draws.
    pub fn info(&self) -> Bytes {
        self.0.info()
    }

    /// What the instance has counted so far.
    pub fn counts(&self) -> Counts {
        self.0.counters.read()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    fn try_inline(self: &Arc<Self>, operation: u32, cast: bool, body: Body<'_>, room: &mut [u8]) -> Option<Inline> {
        let service = self.service.get()?;
        if !service.has(operation) {
            self.counters.errors.add();
            return Some(Inline::Outcome(Outcome::UnknownOperation(operation)));
        }
        if !service.is_short(operation, body.as_slice().len()) {
            return None;
        }
        let mut guard = self.state.try_lock()?;
        // With the state locked, an empty queue means that everything sent before has been handled.
        if self.open.load(Acquire) != 0 || self.phase.load(Acquire) != OPEN {
            return None;
        }
        let state = guard.as_mut()?;
        self.counters.inline.add();
        let stack = self.host.inline_stack();
        match state.call(Call { operation, cast, body, ticket: None, stack }, room) {
            Answer::Inline(len) => Some(Inline::Written(len)),
            Answer::Outcome(outcome) => {
                let end = self.note(&outcome, state);
                drop(guard);
                if let Some(reason) = end {
                    self.end(reason);
                }
                Some(Inline::Outcome(outcome))
            }
        }
    }

    fn submit(self: &Arc<Self>, ticket: &Arc<Ticket>) -> Result<(), Outcome> {
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
            self.withdraw(ticket);
            return Err(outcome);
        }
        self.queue.push(ticket.clone());
        self.schedule();
        Ok(())
    }

    /// Whether a body of `wanted` bytes fits beside `open` requests with `bytes` bytes.
    fn has_room(&self, open: usize, bytes: usize, wanted: usize) -> bool {
        let options = self.options.get().unwrap_or(&Options::DEFAULT);
        open == 0 || (open < options.limit && bytes.saturating_add(wanted) <= options.bytes)
    }

    /// Puts the instance into the run queue unless it is there.
    fn schedule(self: &Arc<Self>) {
        if !self.scheduled.swap(true, SeqCst) {
            self.engine.pool.push(self.clone());
        }
    }

    /// Handles some of the queue, on a worker.
    pub(crate) fn turn(self: &Arc<Self>) {
        let until = Instant::now() + TURN_TIME;
        let mut state = self.state.lock();
        for _ in 0..TURN_REQUESTS {
            if self.is_closing() {
                break;
            }
            let Some(ticket) = self.queue.pop() else { break };
            self.handle(&mut state, &ticket);
            if Instant::now() >= until {
                break;
            }
        }
        if self.is_closing() {
            let last = state.take();
            self.phase.store(CLOSED, SeqCst);
            drop(state);
            // Those who wait are told first: a service may take its time to stop.
            self.refuse_rest();
            drop(last);
        } else {
            drop(state);
        }
        self.scheduled.store(false, SeqCst);
        if !self.queue.is_empty() || self.phase.load(SeqCst) == CLOSING {
            self.schedule();
        }
    }

    fn handle(self: &Arc<Self>, state: &mut Option<State>, ticket: &Arc<Ticket>) {
        match ticket.take_job() {
            None | Some(Job::Room) => self.counters.cancelled.add(),
            Some(Job::Load { path, service }) => ticket.answer(self.load(&path, &service)),
            Some(Job::Start { argument, options }) => self.start(state, &argument, options, ticket),
            Some(Job::Call { operation, cast, body }) => self.call(state, operation, cast, &body, ticket),
        }
        self.finished(ticket);
    }

    fn load(&self, path: &str, name: &str) -> Outcome {
        match self.engine.libraries.service(path, name) {
            Err(error) => Outcome::Library(error),
            Ok((library, service)) => {
                let description = describe(&library.hash, &service);
                match self.service.set(service) {
                    Ok(()) => Outcome::Ok(description),
                    Err(_) => Outcome::BadRequest("the instance has loaded a service already".into()),
                }
            }
        }
    }

    fn start(self: &Arc<Self>, state: &mut Option<State>, argument: &[u8], options: Options, ticket: &Ticket) {
        let Some(service) = self.service.get() else {
            return ticket.answer(Outcome::BadRequest("no service has been loaded".into()));
        };
        if self.options.set(options).is_err() {
            return ticket.answer(Outcome::BadRequest("the service has been started already".into()));
        }
        match service.start(argument, self.clone()) {
            Ok(started) => {
                *state = Some(started);
                // Fails if the instance was closed meanwhile: then this turn stops the service again.
                let _ = self.phase.compare_exchange(BLANK, OPEN, SeqCst, SeqCst);
                ticket.answer(Outcome::Ok(Bytes::new()));
            }
            Err(outcome) => {
                ticket.answer(outcome);
                self.close_quietly();
            }
        }
    }

    fn call(
        self: &Arc<Self>,
        state: &mut Option<State>,
        operation: u32,
        cast: bool,
        body: &Bytes,
        ticket: &Arc<Ticket>,
    ) {
        let Some(running) = state.as_mut() else {
            return ticket.answer(Outcome::BadRequest("no service has been started".into()));
        };
        if !running.has(operation) {
            self.counters.errors.add();
            return ticket.answer(Outcome::UnknownOperation(operation));
        }
        self.counters.deferred.add();
        let body = Body::Owned(body);
        let call = Call { operation, cast, body, ticket: Some(ticket.clone()), stack: WORKER_STACK / 2 };
        // No room is provided: the answer travels in a buffer of the service's.
        let outcome = match running.call(call, &mut []) {
            Answer::Inline(_) => Outcome::Ok(Bytes::new()),
            Answer::Outcome(outcome) => outcome,
        };
        let end = self.note(&outcome, running);
        if ticket.is_done() {
            self.counters.cancelled.add();
        }
        ticket.answer(outcome);
        if let Some(reason) = end {
            self.end(reason);
        }
    }

    /// Counts an outcome. Returns the reason if the instance has to end.
    fn note(&self, outcome: &Outcome, state: &mut State) -> Option<Outcome> {
        match outcome {
            Outcome::Ok(_) => None,
            Outcome::Panicked(_) => {
                self.counters.panics.add();
                if self.options.get().is_some_and(|options| options.on_panic == OnPanic::Keep) {
                    state.forgive();
                    return None;
                }
                Some(outcome.clone())
            }
            _ => {
                self.counters.errors.add();
                None
            }
        }
    }

    /// A request is over: its place in the queue goes to one who waits for it.
    fn finished(&self, ticket: &Ticket) {
        let left = self.free(ticket);
        self.tell_waiting(if left == 0 { usize::MAX } else { 1 });
    }

    /// A request was refused. Nobody gained a place by it; but if nothing is open any more, nothing else would
    /// wake those who came while it was counted.
    fn withdraw(&self, ticket: &Ticket) {
        if self.free(ticket) == 0 {
            self.tell_waiting(usize::MAX);
        }
    }

    fn free(&self, ticket: &Ticket) -> usize {
        self.open_bytes.fetch_sub(ticket.weight(), AcqRel);
        self.open.fetch_sub(1, AcqRel) - 1
    }

    fn tell_waiting(&self, most: usize) {
        let mut waiting = self.waiting.lock();
        let some = most.min(waiting.len());
        let told: Vec<_> = waiting.drain(..some).collect();
        drop(waiting);
        for ticket in told {
            ticket.answer(Outcome::Ok(Bytes::new()));
        }
    }

    fn await_room(&self, ticket: &Arc<Ticket>, wanted: usize) {
        let mut waiting = self.waiting.lock();
        waiting.retain(|other| !other.is_done());
        let room = self.has_room(self.open.load(Acquire), self.open_bytes.load(Acquire), wanted);
        if !room && !self.is_closing() {
            return waiting.push(ticket.clone());
        }
        drop(waiting);
        ticket.answer(if self.is_closing() { Outcome::Closed } else { Outcome::Ok(Bytes::new()) });
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.phase.load(Acquire) >= CLOSING
    }

    fn close_quietly(&self) {
        self.phase.fetch_max(CLOSING, SeqCst);
    }

    fn close(self: &Arc<Self>) {
        self.close_quietly();
        if self.phase.load(SeqCst) != CLOSED {
            self.schedule();
        }
    }

    /// The instance ends by itself.
    fn end(self: &Arc<Self>, reason: Outcome) {
        if self.phase.fetch_max(CLOSING, SeqCst) < CLOSING {
            self.host.ended(reason);
            self.schedule();
        }
    }

    /// Answers what is left in the queue of a closed instance.
    fn refuse_rest(&self) {
        while let Some(ticket) = self.queue.pop() {
            ticket.answer(Outcome::Closed);
            self.finished(&ticket);
        }
        let waiting = std::mem::take(&mut *self.waiting.lock());
        for ticket in waiting {
            ticket.answer(Outcome::Closed);
        }
    }

    pub(crate) fn emit(&self, event: Bytes) {
        if !self.is_closing() {
            self.counters.events.add();
            self.host.event(event);
        }
    }

    fn info(&self) -> Bytes {
        let mut info = BytesMut::new();
        info.put_u8(self.phase.load(Relaxed));
        info.put_u64(self.open.load(Relaxed) as u64);
        info.put_u64(self.open_bytes.load(Relaxed) as u64);
        for count in self.counters.read().in_order() {
            info.put_u64(count);
        }
        info.freeze()
    }
}

/// The description of a service in the bytes that `docs/frame.md` draws.
fn describe(hash: &str, service: &Service) -> Bytes {
    let mut body = BytesMut::new();
    body.put_u16(hash.len() as u16);
    body.put(hash.as_bytes());
    for (number, name) in service.operations() {
        body.put_u32(number);
        body.put_u16(name.len() as u16);
        body.put(name.as_bytes());
    }
    body.freeze()
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("phase", &self.phase).field("open", &self.open).finish_non_exhaustive()
    }
}
