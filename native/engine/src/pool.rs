//! The worker threads. They run instances, one turn at a time.

use std::fmt;
use std::hint;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, RecvError, Sender, unbounded};

use crate::instance::Inner;
use crate::stopping::{Stopping, Stops};

/// Stack of a worker thread in bytes, for whoever creates the threads.
pub const WORKER_STACK: usize = 4 * 1024 * 1024;

/// Stack of the thread that watches those who stop, in bytes.
const WATCH_STACK: usize = 256 * 1024;

/// How often a worker looks for more before it lets the channel wait: a few microseconds.
const LOOKS: usize = 100;

/// Starts a thread that runs what it is given. Returns at once; who starts threads says why one cannot be started.
type Spawn = dyn Fn(Box<dyn FnOnce() + Send>) + Send + Sync;

/// The run queue of the workers. An instance is in it once, or twice while it is closing.
#[derive(Clone)]
pub struct Pool {
    queue: Sender<Arc<Inner>>,
    work: Receiver<Arc<Inner>>,
    spawn: Arc<Spawn>,
    stops: Arc<Stops>,
}

impl Pool {
    /// Makes a pool of `threads` workers; `spawn` starts a thread that runs what it is given, from whatever thread it
    /// is called, and does not wait for it.
    pub fn new(threads: usize, spawn: impl Fn(Box<dyn FnOnce() + Send>) + Send + Sync + 'static) -> Self {
        let (queue, work) = unbounded();
        let pool = Pool { queue, work, spawn: Arc::new(spawn), stops: Arc::default() };
        (0..threads).for_each(|_| pool.add_worker());
        pool
    }

    pub(crate) fn push(&self, instance: Arc<Inner>) {
        // Fails only if there is no worker left, and workers live as long as the queue.
        let _ = self.queue.send(instance);
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

fn add_worker(spawn: &Spawn, work: &Receiver<Arc<Inner>>) {
    let work = work.clone();
    spawn(Box::new(move || serve(&work)));
}

fn serve(work: &Receiver<Arc<Inner>>) {
    while let Ok(instance) = next(work) {
        run(&instance);
        if instance.schedule.is_closed() && instance.relief.come_back() {
            return;
        }
    }
}

/// The next turn. The channel looks around ever more seldom before it goes to sleep; so for the first microseconds, in which a
/// caller who has just been answered asks again, this does.
fn next(work: &Receiver<Arc<Inner>>) -> Result<Arc<Inner>, RecvError> {
    for _ in 0..LOOKS {
        if !work.is_empty() {
            break;
        }
        hint::spin_loop();
    }
    work.recv()
}

/// Runs one turn of an instance.
#[allow(clippy::disallowed_methods)] // the one unwind barrier of a worker: services have their own
pub(crate) fn run(instance: &Arc<Inner>) {
    if catch_unwind(AssertUnwindSafe(|| instance.turn())).is_err() {
        instance.abandon();
        instance.schedule.over(instance);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}
