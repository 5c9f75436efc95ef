//! A thread of its own for an instance, where its service asks for one.

use std::io;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::WORKER_STACK;
use crate::instance::Inner;
use crate::pool::run;

/// The way to an instance's own thread, which ends when the instance is closed.
#[derive(Debug)]
pub(crate) struct Thread {
    id: ThreadId,
    turns: Sender<Arc<Inner>>,
}

impl Thread {
    /// Starts the thread. Not for scheduler threads, whose signal mask it would inherit.
    pub(crate) fn start() -> io::Result<Self> {
        let (turns, work) = unbounded();
        let thread = thread::Builder::new().name("linkspan_own".into()).stack_size(WORKER_STACK);
        let id = thread.spawn(move || serve(work))?.thread().id();
        Ok(Thread { id, turns })
    }

    pub(crate) fn is_current(&self) -> bool {
        thread::current().id() == self.id
    }

    /// Asks for a turn; gives the instance back if the thread has ended.
    pub(crate) fn push(&self, instance: Arc<Inner>) -> Result<(), Arc<Inner>> {
        self.turns.send(instance).map_err(|back| back.0)
    }
}

fn serve(work: Receiver<Arc<Inner>>) {
    for instance in &work {
        run(&instance, None, || ());
        if instance.schedule.is_closed() {
            drop(work);
            // A turn that was asked for in the last moment is lost with the channel: the pool's workers have it.
            return instance.schedule.over(&instance);
        }
    }
}
