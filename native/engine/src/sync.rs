//! What tickets and schedules are made of: the atomics of the standard library or, under `make loom`, those of loom, which tries all
//! orders in which threads can take their steps.

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};

#[cfg(not(loom))]
pub(crate) use crossbeam_utils::atomic::AtomicCell;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};

/// As crossbeam's, which loom does not know: a value that is stored and taken whole.
#[cfg(loom)]
pub(crate) struct AtomicCell<T>(loom::sync::Mutex<T>);

#[cfg(loom)]
#[allow(clippy::unwrap_used)] // a model that panics is over
impl<T: Default> AtomicCell<T> {
    pub(crate) fn new(value: T) -> Self {
        AtomicCell(loom::sync::Mutex::new(value))
    }

    pub(crate) fn store(&self, value: T) {
        *self.0.lock().unwrap() = value;
    }

    pub(crate) fn take(&self) -> T {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}
