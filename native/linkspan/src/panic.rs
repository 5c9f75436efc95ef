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
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    let outer = CATCHING.replace(true);
    let result = unwound(f);
    CATCHING.set(outer);
    result.map_err(|payload| {
        let location = LOCATION.take();
        let message = message_of(&*payload);
        // Dropping the payload may panic again; it is small, so it is leaked rather than trusted.
        std::mem::forget(payload);
        if location.is_empty() { message } else { format!("{message} at {location}") }
    })
}

/// Runs `f`; of a panic nothing is kept, but the hook may print it. Cheaper than [`catch`].
pub(crate) fn barrier<T>(f: impl FnOnce() -> T) -> Option<T> {
    unwound(f).ok()
}

#[allow(clippy::disallowed_methods)] // the one unwind barrier of a service library
fn unwound<T>(f: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    panic::catch_unwind(AssertUnwindSafe(f))
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_string()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a message".to_string()
    }
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
