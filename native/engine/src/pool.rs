//! The worker threads. They run instances, one turn at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Sender, unbounded};

use crate::instance::Inner;

/// Stack of a worker thread in bytes, for whoever creates the threads.
pub const WORKER_STACK: usize = 4 * 1024 * 1024;

/// The run queue of the workers. An instance is in it at most once, so its length is bounded by their number.
#[derive(Clone, Debug)]
pub struct Pool {
    queue: Sender<Arc<Inner>>,
}

impl Pool {
    /// Makes a pool of `threads` workers; `spawn` starts a thread that runs what it is given.
    pub fn new<E>(threads: usize, spawn: impl Fn(Box<dyn FnOnce() + Send>) -> Result<(), E>) -> Result<Self, E> {
        let (queue, work) = unbounded::<Arc<Inner>>();
        for _ in 0..threads {
            let work = work.clone();
            spawn(Box::new(move || work.iter().for_each(|instance| run(&instance))))?;
        }
        Ok(Pool { queue })
    }

    pub(crate) fn push(&self, instance: Arc<Inner>) {
        // Fails only if there is no worker left, and workers live as long as the queue.
        let _ = self.queue.send(instance);
    }
}

/// Runs one turn of an instance.
#[allow(clippy::disallowed_methods)] // the one unwind barrier of a worker: services have their own
pub(crate) fn run(instance: &Arc<Inner>) {
    if catch_unwind(AssertUnwindSafe(|| instance.turn())).is_err() {
        instance.abandon();
        instance.turn_over();
    }
}
