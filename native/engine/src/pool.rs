//! The worker threads. They run instances, one turn at a time.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, RecvError, Sender, unbounded};
use crossbeam_utils::CachePadded;

use crate::Ticket;
use crate::door::Door;
use crate::instance::Inner;
use crate::stopping::{Stopping, Stops};

/// Stack of a worker thread in bytes, for whoever creates the threads.
pub const WORKER_STACK: usize = 4 * 1024 * 1024;

/// Stack of the thread that watches those who stop, in bytes.
const WATCH_STACK: usize = 256 * 1024;

/// A turn of an instance.
pub(crate) struct Turn {
    pub(crate) instance: Arc<Inner>,
    /// A request that need not go through the queue, before those that are in it.
    pub(crate) first: Option<Arc<Ticket>>,
}

/// Starts a thread that runs what it is given. Returns at once; who starts threads says why one cannot be started.
type Spawn = dyn Fn(Box<dyn FnOnce() + Send>) + Send + Sync;

/// The run queue of the workers. An instance is in it once, or twice while it is closing.
#[derive(Clone)]
pub struct Pool {
    queue: Sender<Turn>,
    work: Work,
    spawn: Arc<Spawn>,
    stops: Arc<Stops>,
}

/// Where workers find their turns.
#[derive(Clone)]
struct Work {
    queue: Receiver<Turn>,
    door: Arc<CachePadded<Door<Turn>>>,
}

impl Pool {
    /// Makes a pool of `threads` workers; `spawn` starts a thread that runs what it is given, from whatever thread it
    /// is called, and does not wait for it.
    pub fn new(threads: usize, spawn: impl Fn(Box<dyn FnOnce() + Send>) + Send + Sync + 'static) -> Self {
        let (queue, turns) = unbounded();
        let work = Work { queue: turns, door: Arc::new(CachePadded::new(Door::new())) };
        let pool = Pool { queue, work, spawn: Arc::new(spawn), stops: Arc::default() };
        (0..threads).for_each(|_| pool.add_worker());
        pool
    }

    /// Sees to it that a worker takes the turn; returns whether one has it already.
    pub(crate) fn push(&self, turn: Turn) -> bool {
        let Err(turn) = self.work.door.give(turn) else { return true };
        // Fails only if there is no worker left, and workers live as long as the queue.
        let _ = self.queue.send(turn);
        false
    }

    /// One more worker, in place of one that may never come back. That one ends if it does: see [`Inner::close`].
    pub(crate) fn add_worker(&self) {
        add_worker(&*self.spawn, &self.work);
    }

    /// Notes that the calling worker stops the service of an instance: if it does not come back, it is replaced.
    pub(crate) fn stopping(&self, instance: &Arc<Inner>) -> Stopping<'_> {
        self.stops.begin(instance, || {
            let (spawn, work, stops) = (self.spawn.clone(), self.work.clone(), self.stops.clone());
            let watch = thread::Builder::new().name("linkspan_stops".into()).stack_size(WATCH_STACK);
            watch.spawn(move || stops.watch(|| add_worker(&*spawn, &work))).is_ok()
        })
    }
}

fn add_worker(spawn: &Spawn, work: &Work) {
    let work = work.clone();
    spawn(Box::new(move || serve(&work)));
}

fn serve(work: &Work) {
    let mut looks = false;
    while let Ok(Turn { instance, first }) = work.next(looks) {
        let mut ended = false;
        run(&instance, first, || {
            ended = instance.schedule.is_closed();
            // Whoever asks for the next turn now wakes nobody: it is this worker's.
            looks = !ended && work.open();
        });
        if ended && instance.relief.come_back() {
            return;
        }
    }
}

impl Work {
    /// Opens the door, unless there is something in the queue: that comes first.
    fn open(&self) -> bool {
        self.queue.is_empty() && self.door.open()
    }

    /// The next turn. The channel looks around ever more seldom before it goes to sleep; so for the first microseconds, in
    /// which a caller who has just been answered asks again, one worker looks at the door: this one, if it has opened it.
    fn next(&self, looks: bool) -> Result<Turn, RecvError> {
        let given = if looks || self.open() { self.door.look(|| !self.queue.is_empty()) } else { None };
        given.map_or_else(|| self.queue.recv(), Ok)
    }
}

/// Runs one turn of an instance. `before_next` is called when it is over, and before there can be another one.
#[allow(clippy::disallowed_methods)] // the one unwind barrier of a worker: services have their own
pub(crate) fn run(instance: &Arc<Inner>, first: Option<Arc<Ticket>>, before_next: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(|| instance.turn(first))).is_err() {
        instance.abandon();
    }
    before_next();
    instance.schedule.over(instance);
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}
