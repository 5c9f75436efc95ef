//! Jobs on the VM's async threads.

use std::any::Any;
use std::ffi::c_void;

use erl_driver_sys as sys;

use crate::{Port, panic};

type Answer = Box<dyn Any + Send>;
type Work = Box<dyn FnOnce() -> Answer + Send>;

/// What the VM carries: first the work, then what came of it.
pub(crate) enum Job {
    Work(Work),
    /// None after a panic, of which the hook has been told.
    Done(Option<Answer>),
}

/// Jobs with the same key run one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AsyncKey(pub u32);

/// The job was not started: the port is closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotStarted;

impl<Q> Port<'_, Q> {
    /// Runs a job on an async thread of the VM, then `ready_async` with what it returned. If the port has ended
    /// meanwhile, or the driver has no `ready_async`, that is dropped on a scheduler thread. If the job panics, the port
    /// ends with `panic`.
    ///
    /// By default the VM has one async thread for all drivers, with a stack of 16 kilowords: for anything that takes
    /// long use threads of your own. Without a key jobs are spread over the threads.
    pub fn run_async<T: Send + 'static>(
        &self,
        key: Option<AsyncKey>,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(), NotStarted> {
        let work: Work = Box::new(move || Box::new(job()));
        let job = Box::into_raw(Box::new(Job::Work(work)));
        let mut key = key.map(|AsyncKey(key)| key);
        let key = key.as_mut().map_or(std::ptr::null_mut(), std::ptr::from_mut);
        // SAFETY: inside a callback of this port; the VM gives the job to one of its threads, then back, each once.
        let started = unsafe { sys::driver_async(self.raw(), key, Some(Job::run), job.cast(), Some(Job::free)) };
        if started >= 0 {
            return Ok(());
        }
        // SAFETY: the VM has not taken it.
        drop(unsafe { Box::from_raw(job) });
        Err(NotStarted)
    }
}

impl Job {
    unsafe extern "C" fn run(job: *mut c_void) {
        // SAFETY: `job` came from `run_async`, and this thread has it alone.
        let job = unsafe { &mut *job.cast::<Job>() };
        if let Job::Work(work) = std::mem::replace(job, Job::Done(None)) {
            *job = Job::Done(panic::barrier("job", "async", work));
        }
    }

    unsafe extern "C" fn free(job: *mut c_void) {
        // SAFETY: the VM gives it back.
        let result = unsafe { Self::done(job) };
        panic::barrier("job", "async", || drop(result));
    }

    /// What came of a job; none after a panic.
    ///
    /// # Safety
    /// `job` must come from `run_async`, and the VM give it back.
    pub unsafe fn done(job: sys::ErlDrvThreadData) -> Option<Answer> {
        // SAFETY: the caller's promise.
        match *unsafe { Box::from_raw(job.cast::<Job>()) } {
            Job::Done(result) => result,
            Job::Work(_) => None,
        }
    }
}
