//! Threads of a driver.

use std::ffi::{CStr, c_void};
use std::io;
use std::ptr;

use erl_driver_sys as sys;

/// Starts a thread that has neither the CPU binding nor the signal mask of the scheduler that starts it. Threads
/// made by it with `std::thread` are as free. It is never joined.
pub fn spawn(name: &CStr, f: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let name = name.as_ptr().cast_mut();
    let job: Box<Box<dyn FnOnce() + Send>> = Box::new(Box::new(f));
    let job = Box::into_raw(job);
    let mut tid = ptr::null_mut();
    // SAFETY: any thread may call; the job goes to the thread, and `name` is copied.
    let error = unsafe { sys::erl_drv_thread_create(name, &mut tid, Some(run), job.cast(), ptr::null_mut()) };
    if error == 0 {
        return Ok(());
    }
    // SAFETY: no thread was started: the job is still ours.
    drop(unsafe { Box::from_raw(job) });
    Err(io::Error::from_raw_os_error(error))
}

#[allow(clippy::disallowed_methods)] // nothing may unwind out of a thread of the VM
unsafe extern "C" fn run(job: *mut c_void) -> *mut c_void {
    // SAFETY: `job` came from `spawn`, which gave it to this thread alone.
    let job = unsafe { Box::from_raw(job.cast::<Box<dyn FnOnce() + Send>>()) };
    // The hook has told about the panic; the thread ends.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
    ptr::null_mut()
}
