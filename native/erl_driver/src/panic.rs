//! Where panics end: one barrier around each callback, and a hook that is told.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, RwLock};

/// A panic that was caught.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Panicked<'a> {
    /// The type of the driver.
    pub driver: &'static str,
    /// The callback, or `async` for a job of [`Port::run_async`](crate::Port::run_async).
    pub callback: &'static str,
    /// What the panic said.
    pub message: &'a str,
}

type Hook = Box<dyn Fn(&Panicked<'_>) + Send + Sync>;

static HOOK: RwLock<Option<Hook>> = RwLock::new(None);

/// Sets what is told of panics in callbacks, jobs and threads of this library. It runs on the thread that panicked,
/// after the hook of `std::panic`, which by default writes to the VM's standard error; a library has a `std` of its own, so
/// that `std::panic::set_hook` silences this driver alone.
pub fn set_hook(hook: impl Fn(&Panicked<'_>) + Send + Sync + 'static) {
    *HOOK.write().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(hook));
}

/// Runs something that may be the author's; none if it panics.
#[allow(clippy::disallowed_methods)] // the one unwind barrier of a driver
#[inline]
pub(crate) fn barrier<T>(driver: &'static str, callback: &'static str, f: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| tell(driver, callback, payload)).ok()
}

#[cold]
#[allow(clippy::disallowed_methods)] // the author's hook and the payload's drop may panic as well
fn tell(driver: &'static str, callback: &'static str, payload: Box<dyn Any + Send>) {
    // A panic while telling of a panic is told to nobody.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let message = payload.downcast_ref::<&str>().copied();
        let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        if let Some(hook) = &*HOOK.read().unwrap_or_else(PoisonError::into_inner) {
            hook(&Panicked { driver, callback, message });
        }
        drop(payload);
    }))
    // The payload of the second panic may panic when dropped: it is kept.
    .map_err(std::mem::forget);
}
