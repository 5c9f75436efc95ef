//! Instances: one service with its own state, a bounded queue, one request at a time.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use bytes::{BufMut, Bytes, BytesMut};
use crossbeam_queue::SegQueue;
use crossbeam_utils::CachePadded;
use parking_lot::Mutex;

use crate::abi::{Body, Service, State};
use crate::budget::Budget;
use crate::counters::Counters;
use crate::door::Door;
use crate::pool::Turn;
use crate::relief::Relief;
use crate::schedule::{Schedule, Turns};
use crate::stream::Streams;
use crate::sync::Slot;
use crate::thread::Thread;
use crate::times::Times;
use crate::{Counts, Engine, Host, Options, Outcome, Ticket};

/// A handle on an instance. When the host drops it the instance closes.
#[derive(Debug)]
pub struct Instance(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) host: Arc<dyn Host>,
    /// What the host says of it: asked once, for each inline run needs it.
    pub(crate) inline_stack: usize,
    pub(crate) engine: Engine,
    /// The service, once it is loaded.
    pub(crate) service: OnceLock<Service>,
    /// The thread that runs it, if it has one of its own.
    pub(crate) thread: OnceLock<Thread>,
    pub(crate) options: OnceLock<Options>,
    /// Why the instance has ended by itself.
    pub(crate) reason: OnceLock<Outcome>,
    pub(crate) relief: Relief,
    pub(crate) queue: SegQueue<Arc<Ticket>>,
    /// Cancelled requests that are still in the queue and count no more.
    pub(crate) tombstones: AtomicUsize,
    // What is written by one thread and read by the next has lines of its own: each that two threads share costs a
    // deferred request as much as a clock reading.
    pub(crate) shared: CachePadded<Shared>,
    /// Where the host's thread looks for the next request after a turn.
    pub(crate) door: CachePadded<Door<Arc<Ticket>>>,
    pub(crate) live: CachePadded<Mutex<Option<Live>>>,
    pub(crate) counters: CachePadded<Counters>,
    pub(crate) times: Times,
}

/// What everybody who brings a request looks at.
pub(crate) struct Shared {
    pub(crate) schedule: Schedule,
    /// Requests accepted and not yet finished, and the bytes of their bodies.
    pub(crate) open: AtomicUsize,
    pub(crate) open_bytes: AtomicUsize,
    /// Whether the last deferred run was so short that its caller might have waited for it.
    brisk: AtomicBool,
    /// Until when a request follows the last one quickly.
    pub(crate) hot_until: AtomicU64,
    /// A ticket that is done with. Those whose callers look for their answers follow one another: one piece of memory does for
    /// all of them.
    pub(crate) spare: Slot<Arc<Ticket>>,
    /// Callers who wait for room in the queue.
    pub(crate) waiting: Mutex<Vec<Arc<Ticket>>>,
}

impl Deref for Inner {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

/// A started service, and what has been learnt of it.
pub(crate) struct Live {
    /// Dropped before the state.
    pub(crate) streams: Streams,
    pub(crate) state: State,
    pub(crate) budget: Budget,
}

/// What became of a request that was to run at once. Small enough to be returned in registers: copied through memory it
/// would cost as much as the rest of a short run.
#[derive(Debug)]
pub enum Attempt {
    /// It has not run, and is to be queued.
    Deferred,
    /// It has run. The answer is in the room that was provided.
    Written {
        /// Length of the answer in bytes.
        len: u32,
        /// How long the thread was held.
        micros: u32,
    },
    /// It has run, or there is nothing to run.
    Ended(Box<Run>),
}

/// How a request that its host runs ended.
#[derive(Debug)]
pub enum Inline {
    /// The answer is in the room that was provided; that many bytes.
    Written(usize),
    /// The answer.
    Outcome(Outcome),
}

/// A request that has run inline. When this is dropped, an instance that panicked ends: not before its answer has
/// been handed over.
#[derive(Debug)]
pub struct Run {
    /// How it went.
    pub outcome: Outcome,
    /// How long the thread was held, in microseconds.
    pub micros: u32,
    pub(crate) _ending: Option<Ending>,
}

/// Ends an instance when it is dropped.
#[derive(Debug)]
pub(crate) struct Ending(pub(crate) Arc<Inner>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.request_turn();
    }
}

impl Instance {
    /// An instance without a service: [`Job::Load`](crate::Job::Load) and [`Job::Start`](crate::Job::Start) bring one.
    pub fn new(engine: &Engine, host: Arc<dyn Host>) -> Self {
        Instance(Arc::new(Inner {
            inline_stack: host.inline_stack(),
            host,
            engine: engine.clone(),
            service: OnceLock::new(),
            thread: OnceLock::new(),
            options: OnceLock::new(),
            reason: OnceLock::new(),
            relief: Relief::new(),
            queue: SegQueue::new(),
            tombstones: AtomicUsize::new(0),
            shared: CachePadded::new(Shared {
                schedule: Schedule::new(),
                open: AtomicUsize::new(0),
                open_bytes: AtomicUsize::new(0),
                brisk: AtomicBool::new(false),
                hot_until: AtomicU64::new(0),
                spare: Slot::new(None),
                waiting: Mutex::new(Vec::new()),
            }),
            door: CachePadded::new(Door::new()),
            live: CachePadded::new(Mutex::new(None)),
            counters: CachePadded::default(),
            times: Times::default(),
        }))
    }

    /// Runs a request here and now, if it is short and the instance idle. `room` takes a short answer.
    #[inline(always)]
    pub fn try_inline(&self, operation: u32, cast: bool, body: Body<'_>, room: &mut [u8]) -> Attempt {
        self.0.try_inline(operation, cast, body, room)
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

    /// What a client is told of it: nothing once the instance is closing.
    pub fn told_info(&self) -> Outcome {
        if self.0.is_closing() { Outcome::Closed } else { Outcome::Ok(self.0.info()) }
    }

    /// What a typed service says of itself, a term; nothing if it is not typed.
    pub fn description(&self) -> Outcome {
        match self.0.service.get() {
            Some(service) => Outcome::Ok(service.description()),
            None => Outcome::BadRequest("no service has been loaded".into()),
        }
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
    /// Whether the last deferred run was so short that its caller might have waited for it.
    pub(crate) fn is_brisk(&self) -> bool {
        self.brisk.load(Relaxed)
    }

    /// Notes whether a deferred run was short.
    pub(crate) fn note_brisk(&self, brisk: bool) {
        if self.brisk.load(Relaxed) != brisk {
            self.brisk.store(brisk, Relaxed);
        }
    }

    pub(crate) fn request_turn(self: &Arc<Self>) {
        self.schedule.request(self);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.schedule.is_closing()
    }

    fn close(self: &Arc<Self>) {
        // What runs may never come back, whatever it is told: the other instances get a worker in its place.
        if self.schedule.close() && self.thread.get().is_none() && self.live.is_locked() && self.relief.relieve() {
            self.engine.pool.add_worker();
        }
        self.schedule.request_last(self);
    }

    pub(crate) fn emit(&self, event: Bytes) {
        if !self.is_closing() {
            self.counters.events.add();
            self.host.event(event);
        }
    }

    fn info(&self) -> Bytes {
        let mut info = BytesMut::new();
        info.put_u8(self.schedule.phase());
        info.put_u64(self.open.load(Relaxed) as u64);
        info.put_u64(self.open_bytes.load(Relaxed) as u64);
        for count in self.counters.read().in_order() {
            info.put_u64(count);
        }
        let options = self.options.get().unwrap_or(&Options::DEFAULT);
        info.put_u64(options.limit as u64);
        info.put_u64(options.bytes as u64);
        self.times.write(self.service.get(), &mut info);
        info.freeze()
    }
}

impl Turns for Inner {
    fn are_hosted(&self) -> bool {
        self.thread.get().is_none() && self.host.runs_turns()
    }

    fn ask_host(&self) {
        self.host.ask_turn();
    }

    /// On the instance's own thread, while it has one.
    fn enqueue(self: &Arc<Self>) {
        let left = match self.thread.get() {
            Some(thread) => thread.push(self.clone()),
            None => Err(self.clone()),
        };
        if let Err(instance) = left {
            self.engine.pool.push(Turn { instance, first: None });
        }
    }

    fn wanted(&self) -> bool {
        !self.queue.is_empty()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("schedule", &self.schedule).field("open", &self.open).finish_non_exhaustive()
    }
}
