//! The errand thread: does what scheduler threads must not do, and starts the workers.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use linkspan_engine::WORKER_STACK;
use parking_lot::Mutex;

type Task = Box<dyn FnOnce() + Send>;

/// What it is asked to do.
pub enum Errand {
    Run(Task),
    /// Start a worker thread that does this.
    Worker(Task),
    /// Tell whether a worker has been started, or why not.
    Tell(Sender<io::Result<()>>),
}

/// Threads that the system refuses are asked for again after so long.
const RETRY: Duration = Duration::from_millis(100);

/// A worker that has not been started yet: its task must survive a refusal.
type Waiting = Arc<Mutex<Option<Task>>>;

/// Runs errands until nobody can send any.
pub fn serve(errands: &Receiver<Errand>, niceness: u8) {
    let mut waiting: Vec<Waiting> = Vec::new();
    let mut started = Err(io::ErrorKind::NotFound.into());
    loop {
        let next = match waiting.is_empty() {
            true => errands.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => errands.recv_timeout(RETRY),
        };
        match next {
            Ok(Errand::Run(task)) => run(task),
            Ok(Errand::Worker(task)) => waiting.push(Arc::new(Mutex::new(Some(task)))),
            Ok(Errand::Tell(tell)) => {
                let _ = tell.send(std::mem::replace(&mut started, Ok(())));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Some(worker) = waiting.pop() {
            match start(&worker, niceness) {
                Ok(()) => started = Ok(()),
                Err(error) => {
                    waiting.push(worker);
                    if started.is_err() {
                        started = Err(error);
                    }
                    break;
                }
            }
        }
    }
}

fn start(worker: &Waiting, niceness: u8) -> io::Result<()> {
    let work = worker.clone();
    let thread = thread::Builder::new().name("linkspan_worker".into()).stack_size(WORKER_STACK);
    let nice_worker = move || {
        let_others_go_on();
        be_nice(niceness);
        // Taken out of its lock first.
        let task = work.lock().take();
        if let Some(task) = task {
            task();
        }
    };
    thread.spawn(nice_worker).map(drop)
}

/// When the calling thread is woken, whoever runs goes on for his time: a scheduler that has woken a worker is not to stand
/// still in the middle of what it does. For the threads that it will start as well.
fn let_others_go_on() {
    #[cfg(target_os = "linux")]
    {
        let priority = libc::sched_param { sched_priority: 0 };
        #[allow(unsafe_code)] // there is no safe wrapper
        // SAFETY: zero is the calling thread, and the only priority that this policy has. Nothing is lost if it is refused.
        let _ = unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &priority) };
    }
}

/// Lowers the priority of the calling thread, and of the threads that it will start.
fn be_nice(niceness: u8) {
    if niceness > 0 {
        // On Linux this is the calling thread's alone. Becoming nicer is never refused.
        let _ = rustix::process::setpriority_process(None, niceness.into());
    }
}

/// An errand that panics is not the last one.
#[allow(clippy::disallowed_methods)] // the one unwind barrier of the errand thread
fn run(errand: Task) {
    if catch_unwind(AssertUnwindSafe(errand)).is_err() {
        eprintln!("linkspan: an errand panicked");
    }
}
