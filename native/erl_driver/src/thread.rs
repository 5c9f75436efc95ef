//! Threads of a driver. For locks, conditions and data of threads use `std` or `parking_lot`.

use std::any::Any;
use std::ffi::{CStr, c_int, c_void};
use std::fmt;
use std::io;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use erl_driver_sys as sys;

use crate::panic;

/// Starts a thread that has neither the CPU binding nor the signal mask of the scheduler that starts it. Threads
/// made by it with `std::thread` are as free. It must end before the driver is unloaded.
pub fn spawn<T: Send + 'static>(name: &CStr, f: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    start(name, None, f)
}

/// As [`spawn`], with a stack of so many kilowords.
pub fn spawn_with_stack<T: Send + 'static>(
    name: &CStr,
    kilowords: c_int,
    f: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    // SAFETY: any thread may call, here and below; the name is copied.
    let options = unsafe { sys::erl_drv_thread_opts_create(name.as_ptr().cast_mut()) };
    // SAFETY: made above, or null.
    let Some(suggested) = (unsafe { options.as_mut() }) else { return Err(io::ErrorKind::OutOfMemory.into()) };
    suggested.suggested_stack_size = kilowords;
    let started = start(name, Some(suggested), f);
    // SAFETY: made above, used no more.
    unsafe { sys::erl_drv_thread_opts_destroy(options) };
    started
}

type Main = Box<dyn FnOnce() + Send>;

fn start<T: Send + 'static>(
    name: &CStr,
    options: Option<&mut sys::ErlDrvThreadOpts>,
    f: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let result = Arc::new(Mutex::new(None));
    let place = result.clone();
    let main: Main = Box::new(move || {
        let value = panic::barrier("thread", "thread", f);
        *place.lock().unwrap_or_else(PoisonError::into_inner) = value;
    });
    let main = Box::into_raw(Box::new(main));
    let name = name.as_ptr().cast_mut();
    let options = options.map_or(ptr::null_mut(), ptr::from_mut);
    let mut thread = ptr::null_mut();
    // SAFETY: any thread may call; `main` goes to the thread, and `name` is copied.
    let error = unsafe { sys::erl_drv_thread_create(name, &mut thread, Some(run), main.cast(), options) };
    if error == 0 {
        return Ok(JoinHandle { thread: Thread(thread), result });
    }
    // SAFETY: no thread was started: it is still ours.
    drop(unsafe { Box::from_raw(main) });
    Err(io::Error::from_raw_os_error(error))
}

unsafe extern "C" fn run(main: *mut c_void) -> *mut c_void {
    // SAFETY: `main` came from `start`, which gave it to this thread alone.
    let main = unsafe { Box::from_raw(main.cast::<Main>()) };
    // Has its barrier inside; what is left is dropping the last reference to the result.
    panic::barrier("thread", "thread", main);
    ptr::null_mut()
}

struct Thread(sys::ErlDrvTid);

// SAFETY: thread identifiers may be used on any thread.
unsafe impl Send for Thread {}
// SAFETY: as above.
unsafe impl Sync for Thread {}

/// A thread to wait for. Dropped, it lets the thread run.
pub struct JoinHandle<T> {
    thread: Thread,
    result: Arc<Mutex<Option<T>>>,
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

impl<T> JoinHandle<T> {
    /// Waits for the thread's end. Not on the thread itself. An error if it panicked: the [hook](crate::panic) was told.
    pub fn join(self) -> Result<T, Box<dyn Any + Send>> {
        let mut exited = ptr::null_mut();
        // SAFETY: a thread of `erl_drv_thread_create`, joined once.
        let error = unsafe { sys::erl_drv_thread_join(self.thread.0, &mut exited) };
        let result = self.result.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.ok_or_else(|| Box::new(format!("the thread panicked, or cannot be joined ({error})")) as _)
    }
}
