//! Keeps panic messages for the reply instead of printing them to the VM's stderr.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static LOCATION: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `f`; a panic becomes its message with the place where it happened, once [`install_hook`] has been called.
#[inline]
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    let outer = CATCHING.replace(true);
    let result = unwound(f).map_err(located);
    CATCHING.set(outer);
    result
}

/// What a panic says, and where it happened.
#[cold]
fn located(payload: Box<dyn Any + Send>) -> String {
    let location = LOCATION.take();
    let message = message_of(payload);
    if location.is_empty() { message } else { format!("{message} at {location}") }
}

/// Runs `f`; of a panic nothing is kept, but the hook may print it. Cheaper than [`catch`].
pub(crate) fn barrier<T>(f: impl FnOnce() -> T) -> Option<T> {
    unwound(f).map_err(message_of).ok()
}

#[allow(clippy::disallowed_methods)] // the one unwind barrier of a service library
#[inline]
fn unwound<T>(f: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    panic::catch_unwind(AssertUnwindSafe(f))
}

/// What a panic says. Its payload is freed: it may be as long as a body.
fn message_of(payload: Box<dyn Any + Send>) -> String {
    let payload = match payload.downcast::<String>() {
        Ok(text) => return *text,
        Err(payload) => payload,
    };
    if let Some(text) = payload.downcast_ref::<&str>() {
        return (*text).to_string();
    }
    // To drop anything else is the service's own code, which may panic as well, and so on: the second payload is leaked.
    if let Err(again) = unwound(|| drop(payload)) {
        std::mem::forget(again);
    }
    "panic without a message".to_string()
}

/// A service library has its own copy of `std`, hence its own hook; panics outside of a call still print. To be called
/// before the first call of an instance.
pub(crate) fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                LOCATION.set(info.location().map(ToString::to_string).unwrap_or_default());
            } else {
                print(info);
            }
        }));
    });
}
