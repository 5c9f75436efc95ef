//! What all instances of this VM share: the engine, a thread for errands, and the keeper's pid.

use std::sync::{OnceLock, Weak};

use crossbeam_channel::{Sender, bounded, unbounded};
use erl_driver::Pid;
use linkspan_engine::{Clock, Engine, Libraries, Pool};
use parking_lot::{Mutex, RwLock};

use crate::errands::{self, Errand};

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

    /// Makes the runtime, once. Threads start off the scheduler thread that calls this, which waits for the first of
    /// them: without a worker nothing could ever be opened.
    pub fn configure(workers: usize, niceness: u8, libraries: String) -> Result<(), String> {
        if RUNTIME.get().is_some() {
            return Ok(());
        }
        let (errands, received) = unbounded();
        // Threads started from this one inherit neither the scheduler's CPU binding nor its signal mask.
        erl_driver::thread::spawn(c"linkspan_errands", move || errands::serve(&received, niceness))
            .map_err(|error| format!("no thread: {error}"))?;
        let starter = errands.clone();
        // The receiver lives as long as the VM, here and below.
        let pool = Pool::new(workers, move |worker| drop(starter.send(Errand::Worker(worker))));
        let (tell, told) = bounded(1);
        let _ = errands.send(Errand::Tell(tell));
        if let Ok(Err(error)) = told.recv() {
            return Err(format!("no worker thread: {error}"));
        }
        let _ = errands.send(Errand::Run(Box::new(Clock::calibrate)));
        let engine = Engine { libraries: Libraries::default().into(), pool, clock: Clock::System };
        let _ = RUNTIME.set(Runtime { engine, libraries, errands });
        Ok(())
    }

    /// Does something on a thread that is no scheduler's.
    pub fn errand(&self, errand: impl FnOnce() + Send + 'static) {
        let _ = self.errands.send(Errand::Run(Box::new(errand)));
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
