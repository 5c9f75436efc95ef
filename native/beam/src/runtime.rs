//! What all instances of this VM share: the engine, a thread for errands, and the keeper's pid.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, Weak};
use std::thread;

use crossbeam_channel::{Sender, unbounded};
use erl_driver::Pid;
use linkspan_engine::{Engine, Libraries, Pool, SystemClock, WORKER_STACK};
use parking_lot::{Mutex, RwLock};

type Errand = Box<dyn FnOnce() + Send>;

/// The runtime, once the keeper has configured it.
static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// The process that does for workers what only callbacks and processes may do.
static KEEPER: RwLock<Option<Pid>> = RwLock::new(None);

pub struct Runtime {
    pub engine: Engine,
    /// Folder of the service libraries of raw ports.
    pub libraries: String,
    errands: Sender<Errand>,
}

impl Runtime {
    pub fn get() -> Option<&'static Runtime> {
        RUNTIME.get()
    }

    /// Makes the runtime, once. Workers start in passing, off the scheduler thread that calls this.
    pub fn configure(workers: usize, niceness: u8, libraries: String) -> Result<(), String> {
        if RUNTIME.get().is_some() {
            return Ok(());
        }
        let (errands, received) = unbounded::<Errand>();
        // Threads started from this one inherit neither the scheduler's CPU binding nor its signal mask.
        erl_driver::thread::spawn(c"linkspan_errands", move || received.into_iter().for_each(run))
            .map_err(|error| format!("no thread: {error}"))?;
        let starter = errands.clone();
        let spawn = move |worker: Errand| {
            // The receiver lives as long as the VM.
            let _ = starter.send(Box::new(move || {
                let thread = thread::Builder::new().name("linkspan_worker".into()).stack_size(WORKER_STACK);
                let nice_worker = move || {
                    be_nice(niceness);
                    worker();
                };
                if let Err(error) = thread.spawn(nice_worker) {
                    eprintln!("linkspan: a worker thread cannot be started: {error}");
                }
            }));
        };
        let pool = Pool::new(workers, spawn);
        let clock = Arc::new(SystemClock::default());
        let calibrated = clock.clone();
        let _ = errands.send(Box::new(move || calibrated.calibrate()));
        let engine = Engine { libraries: Libraries::default().into(), pool, clock };
        let _ = RUNTIME.set(Runtime { engine, libraries, errands });
        Ok(())
    }

    /// Does something on a thread that is no scheduler's.
    pub fn errand(&self, errand: impl FnOnce() + Send + 'static) {
        // The receiver lives as long as the VM.
        let _ = self.errands.send(Box::new(errand));
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
fn run(errand: Errand) {
    if catch_unwind(AssertUnwindSafe(errand)).is_err() {
        eprintln!("linkspan: an errand panicked");
    }
}

/// An instance that has ended by itself, of which the keeper is to be told.
pub trait Ended: Send + Sync {
    /// Tells a keeper. More than once does no harm.
    fn tell(&self, keeper: Pid);
}

/// Instances that have ended. A keeper may die before it has done what it was told; those that are still there when
/// the next one comes are told of again.
static ENDED: Mutex<Vec<Weak<dyn Ended>>> = Mutex::new(Vec::new());

/// Tells the keeper, now and, while the instance is there, whenever a new one comes.
pub fn tell_keeper(ended: Weak<dyn Ended>) {
    let mut all = ENDED.lock();
    all.retain(|known| known.strong_count() > 0);
    all.push(ended.clone());
    drop(all);
    if let (Some(keeper), Some(ended)) = (keeper(), ended.upgrade()) {
        ended.tell(keeper);
    }
}

pub fn set_keeper(pid: Pid) {
    *KEEPER.write() = Some(pid);
    let all: Vec<_> = ENDED.lock().iter().filter_map(Weak::upgrade).collect();
    all.iter().for_each(|ended| ended.tell(pid));
}

pub fn keeper() -> Option<Pid> {
    *KEEPER.read()
}
