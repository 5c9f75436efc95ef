//! How requests run: inline on the thread that brings them, or in turns on a worker. `hosted` has what runs on other
//! threads of a host.

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};

use crate::abi::{Answer, Body, Call, Service, State};
use crate::budget::Budget;
use crate::clock::{self, Stopwatch};
use crate::instance::{Ending, Inner, Live};
use crate::stream::Streams;
use crate::thread::Thread;
use crate::times::Way;
use crate::{Attempt, Job, OnPanic, Options, Outcome, Run, Ticket, WORKER_STACK};

/// An instance that ends waits so long for the caller who has to hear why.
const ATTACHING: Duration = Duration::from_secs(1);
/// How often it looks.
const LOOK: Duration = Duration::from_micros(50);
/// Callers look for their answer if the last deferred run took less than so many nanoseconds.
const BRISK: u64 = 1000;
/// Requests that come so soon after the last run, in nanoseconds, follow one another quickly.
const HOT: u64 = 5000;
/// Room for a short answer to a deferred request, in bytes.
const ROOM: usize = 64;
/// Most requests that a worker handles before it lets other instances have their turn.
const TURN_REQUESTS: usize = 64;
/// Time after which a worker does the same, in nanoseconds.
const TURN_TIME: u64 = 1_000_000;

impl Inner {
    #[inline(always)]
    pub(crate) fn try_inline(self: &Arc<Self>, operation: u32, cast: bool, body: Body<'_>, room: &mut [u8]) -> Attempt {
        let Some(service) = self.service.get() else { return Attempt::Deferred };
        if self.is_closing() {
            return Attempt::Deferred;
        }
        let Some(place) = service.place(operation) else {
            self.counters.errors.add();
            return ended(Outcome::UnknownOperation(operation), 0, None);
        };
        let len = body.bytes.len();
        let Some(declared) = service.declared(operation, len) else { return Attempt::Deferred };
        let Some(mut guard) = self.live.try_lock() else { return Attempt::Deferred };
        // With the state locked, an empty queue means that everything sent before has been handled.
        if self.open.load(Acquire) != 0 || !self.schedule.is_open() {
            return Attempt::Deferred;
        }
        let Some(Live { state, budget, .. }) = guard.as_mut() else { return Attempt::Deferred };
        let class = budget.class(place, len, declared);
        if !class.may_inline() {
            return Attempt::Deferred;
        }
        self.counters.inline.add_alone();
        let watch = Stopwatch::start(&self.engine.clock);
        let stack = self.inline_stack;
        let answer = state.call(Call { operation, cast, body, ticket: None, stack, stream: false }, room);
        let (held, spent) = watch.stop();
        self.times.note(service, place, Way::Inline, held);
        if class.ran_inline(spent) {
            self.counters.overruns.add();
            self.host.overran(service.name(), service.operation_name(place), Duration::from_nanos(spent));
        }
        let micros = u32::try_from(held / 1000).unwrap_or(u32::MAX);
        match answer {
            Answer::Inline(len) if !self.is_closing() => {
                // There is nothing in it to drop, which would not be seen without a look.
                std::mem::forget(answer);
                Attempt::Written { len: len as u32, micros }
            }
            answer => self.ran(answer, state, micros),
        }
    }

    /// What an inline run has come to, if it is not an answer in the room.
    #[cold]
    fn ran(self: &Arc<Self>, answer: Answer, state: &mut State, micros: u32) -> Attempt {
        let outcome = match answer {
            Answer::Outcome(outcome @ Outcome::Panicked(_)) => outcome,
            // As for a deferred request: it was told to stop, and what it answers is no answer.
            _ if self.is_closing() => Outcome::Closed,
            Answer::Outcome(outcome) => outcome,
            // Not given to one who asks for no stream.
            Answer::Inline(_) | Answer::Stream(_) => Outcome::BadRequest("the answer is a stream".into()),
        };
        let ending = self.note(&outcome, state).then(|| Ending(self.clone()));
        ended(outcome, micros, ending)
    }

    /// Handles a request that comes first, and some of the queue, on a worker.
    pub(crate) fn turn(self: &Arc<Self>, first: Option<Arc<Ticket>>) {
        let mut live = self.live.lock();
        let fatal = self.handle_some(&mut live, first, WORKER_STACK / 2, || self.belongs_elsewhere());
        if self.is_closing() {
            let last = live.take();
            let ends = self.schedule.end();
            drop(live);
            // Those who wait are told first, then the host: a service may take its time to stop, or for ever.
            self.refuse_rest();
            let replaceable = last.is_some() && self.thread.get().is_none() && !self.relief.is_relieved();
            let _stopping = replaceable.then(|| self.engine.pool.stopping(self));
            if let Some(live) = &last {
                self.close_streams(&live.streams);
            }
            if let Some(reason) = self.reason.get().filter(|_| ends) {
                if let Some(ticket) = fatal {
                    let_attach(&ticket);
                }
                self.host.ended(reason.clone());
            }
            drop(last);
        }
    }

    /// Whether what follows is not for this worker: the service has just been loaded and wants its own thread, or has
    /// just started and its host runs turns itself.
    fn belongs_elsewhere(&self) -> bool {
        match self.thread.get() {
            Some(thread) => !thread.is_current(),
            None => self.host.runs_turns() && self.schedule.is_open(),
        }
    }

    /// Handles what a turn may, unless the instance is closing or what follows `moves` to another thread. Returns the
    /// request that has ended the instance, or during which it was closed.
    pub(crate) fn handle_some(
        self: &Arc<Self>,
        live: &mut Option<Live>,
        mut first: Option<Arc<Ticket>>,
        stack: usize,
        moves: impl Fn() -> bool,
    ) -> Option<Arc<Ticket>> {
        let mut now = clock::now();
        let until = now + TURN_TIME;
        for _ in 0..TURN_REQUESTS {
            let next = first.take();
            if self.is_closing() {
                // It is refused with the rest.
                next.into_iter().for_each(|ticket| self.queue.push(ticket));
                return None;
            }
            let ticket = next.or_else(|| self.queue.pop())?;
            self.handle(live, &ticket, stack, now, until);
            if self.is_closing() {
                return Some(ticket);
            }
            now = clock::now();
            if moves() || now >= until {
                return None;
            }
        }
        None
    }

    fn handle(self: &Arc<Self>, live: &mut Option<Live>, ticket: &Arc<Ticket>, stack: usize, now: u64, until: u64) {
        let outcome = match ticket.take_job() {
            None if ticket.has_begun() => return self.go_on(live, ticket, stack, until),
            None => return self.bury(ticket),
            Some(Job::Room { .. }) => return self.finished(ticket),
            // Told already that the instance is closing.
            Some(_) if ticket.is_done() => return self.finished(ticket),
            Some(_) if ticket.is_expired(now) => {
                self.counters.cancelled.add();
                Outcome::Expired
            }
            Some(Job::Load { path, service }) => self.load(&path, &service),
            Some(Job::Start { argument, options }) => self.start(live, &argument, options),
            Some(Job::Call { operation, cast, body }) => {
                let lent = Body { bytes: &body, share: &|| body.clone() };
                let call = Call { operation, cast, body: lent, ticket: Some(ticket.clone()), stack, stream: false };
                // A short answer is copied from here; in a buffer of the service's it would be three pieces of memory.
                let mut room = [0; ROOM];
                match self.call(live, call, ticket, &mut room) {
                    Answer::Inline(len) => Outcome::Ok(Bytes::copy_from_slice(room.get(..len).unwrap_or_default())),
                    Answer::Stream(_) => Outcome::Ok(Bytes::new()),
                    Answer::Outcome(outcome) => outcome,
                }
            }
            Some(Job::Stream { operation, body, .. }) => {
                match self.open_stream(live, ticket, operation, &body, stack) {
                    Ok(()) => return self.go_on(live, ticket, stack, until),
                    Err(outcome) => outcome,
                }
            }
        };
        // The place is free before the caller knows the answer: its next request must find room.
        self.finished(ticket);
        ticket.answer(outcome);
    }

    /// Forgets a request that was cancelled while it was queued.
    fn bury(&self, ticket: &Ticket) {
        self.counters.cancelled.add();
        if ticket.free_place() {
            self.finished(ticket);
        } else {
            self.tombstones.fetch_sub(1, AcqRel);
        }
    }

    fn load(&self, path: &str, name: &str) -> Outcome {
        match self.engine.libraries.service(path, name) {
            Err(error) => Outcome::Library(error),
            Ok((library, service)) => {
                let description = describe(&library.hash, &service);
                let dedicated = service.is_dedicated();
                if self.service.set(service).is_err() {
                    return Outcome::BadRequest("the instance has loaded a service already".into());
                }
                match dedicated.then(Thread::start).transpose() {
                    Ok(None) => Outcome::Ok(description),
                    Ok(Some(thread)) => {
                        let _ = self.thread.set(thread);
                        Outcome::Ok(description)
                    }
                    Err(error) => {
                        self.schedule.close();
                        Outcome::SystemLimit(format!("no thread can be started for {name}: {error}").into())
                    }
                }
            }
        }
    }

    fn start(self: &Arc<Self>, live: &mut Option<Live>, argument: &[u8], options: Options) -> Outcome {
        let Some(service) = self.service.get() else {
            return Outcome::BadRequest("no service has been loaded".into());
        };
        if self.options.set(options).is_err() {
            return Outcome::BadRequest("the service has been started already".into());
        }
        match service.start(argument, self.clone()) {
            Ok(started) => {
                *live = Some(Live { streams: Streams::default(), state: started, budget: Budget::default() });
                // Fails if the instance was closed meanwhile: then this turn stops the service again.
                self.schedule.open();
                Outcome::Ok(Bytes::new())
            }
            Err(outcome) => {
                self.schedule.close();
                outcome
            }
        }
    }

    /// Runs a request that has been deferred.
    pub(crate) fn call(
        &self,
        live: &mut Option<Live>,
        call: Call<'_>,
        ticket: &Arc<Ticket>,
        room: &mut [u8],
    ) -> Answer {
        let Some(Live { state, budget, .. }) = live.as_mut() else {
            return Answer::Outcome(Outcome::BadRequest("no service has been started".into()));
        };
        let (operation, len, stream) = (call.operation, call.body.bytes.len(), call.stream);
        let Some(place) = state.service().place(operation) else {
            self.counters.errors.add();
            return Answer::Outcome(Outcome::UnknownOperation(operation));
        };
        self.counters.deferred.add_alone();
        let from = self.engine.clock.now();
        let answer = state.call(call, room);
        let took = self.engine.clock.now().saturating_sub(from);
        let brisk = took < BRISK;
        self.note_brisk(brisk);
        self.hot_until.store(from + took + HOT, Relaxed);
        self.times.note(state.service(), place, Way::Deferred, took);
        // What a stream costs is not in its opening: nothing is learnt of that.
        if !stream && let Some(declared) = state.service().declared(operation, len) {
            budget.class(place, len, declared).ran_deferred(took);
        }
        let closing = self.is_closing();
        // What was so short was in time: to look once more would cost more than the run.
        let late = || !brisk && ticket.is_expired(clock::now());
        let unwanted = closing || ticket.is_done() || late();
        if unwanted && !matches!(answer, Answer::Outcome(Outcome::Panicked(_))) {
            // Whatever it answers, it was told to stop.
            self.counters.cancelled.add();
            return Answer::Outcome(if closing { Outcome::Closed } else { Outcome::Expired });
        }
        if let Answer::Outcome(outcome) = &answer {
            // A turn is at it already: its end ends the instance.
            let _ = self.note(outcome, state);
        }
        answer
    }

    /// Counts an outcome. After a panic the instance is closing before anybody else gets at its state; returns
    /// whether that is so.
    pub(crate) fn note(&self, outcome: &Outcome, state: &mut State) -> bool {
        match outcome {
            Outcome::Ok(_) | Outcome::Part(_) => false,
            Outcome::Panicked(_) => {
                self.counters.panics.add();
                if self.options.get().is_some_and(|options| options.on_panic == OnPanic::Keep) {
                    state.forgive();
                    return false;
                }
                if self.schedule.close() {
                    let _ = self.reason.set(outcome.clone());
                }
                true
            }
            _ => {
                self.counters.errors.add();
                false
            }
        }
    }

    /// A bug of ours: the worker lives, and the instance ends in order.
    pub(crate) fn abandon(self: &Arc<Self>) {
        let _ = self.reason.set(Outcome::Panicked("panic in the engine".into()));
        self.schedule.end();
        // Its state is not trusted, and to be dropped by no other thread than this.
        let last = self.live.try_lock().and_then(|mut live| live.take());
        self.refuse_rest();
        if let Some(live) = &last {
            self.close_streams(&live.streams);
        }
        std::mem::forget(last);
        if let Some(reason) = self.reason.get() {
            self.host.ended(reason.clone());
        }
    }

    /// Answers what is left in the queue of a closed instance.
    fn refuse_rest(&self) {
        while let Some(ticket) = self.queue.pop() {
            ticket.answer(Outcome::Closed);
            match ticket.take_job() {
                Some(_) => self.finished(&ticket),
                // See `close_streams`.
                None if ticket.has_begun() => {}
                None => self.bury(&ticket),
            }
        }
        let waiting = std::mem::take(&mut *self.waiting.lock());
        for ticket in waiting {
            ticket.answer(Outcome::Closed);
        }
    }
}

/// Lets the caller of a request that has ended its instance attach to it, if it has yet to: a port would take the answer along.
/// It is about to, or suspended.
fn let_attach(ticket: &Ticket) {
    let until = Instant::now() + ATTACHING;
    while ticket.is_kept() && Instant::now() < until {
        thread::sleep(LOOK);
    }
}

#[cold]
fn ended(outcome: Outcome, micros: u32, ending: Option<Ending>) -> Attempt {
    Attempt::Ended(Box::new(Run { outcome, micros, _ending: ending }))
}

/// The description of a service in the bytes that `docs/frame.md` draws.
fn describe(hash: &str, service: &Service) -> Bytes {
    let mut body = BytesMut::new();
    body.put_u16(hash.len() as u16);
    body.put(hash.as_bytes());
    body.put_u8(service.is_independent().into());
    for (number, name) in service.operations() {
        body.put_u32(number);
        body.put_u8(service.is_long(number).into());
        body.put_u16(name.len() as u16);
        body.put(name.as_bytes());
    }
    body.freeze()
}
