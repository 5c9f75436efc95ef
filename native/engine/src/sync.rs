//! What tickets, schedules and reliefs are made of: the atomics of the standard library or, under `make loom`, those of
//! loom, which tries all orders in which threads can take their steps.

#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};

#[cfg(loom)]
use std::sync::atomic::Ordering;

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
#[cfg(not(loom))]
pub(crate) use parking_lot::Mutex;

/// Something that is put somewhere by one thread and taken, once, by another. Where it is, not in memory of its own, which one
/// thread would take and another give back.
pub(crate) struct Slot<T>(Mutex<Option<T>>);

impl<T> Slot<T> {
    pub(crate) fn new(value: Option<T>) -> Self {
        Slot(Mutex::new(value))
    }

    pub(crate) fn put(&self, value: T) {
        *self.0.lock() = Some(value);
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().take()
    }
}

/// As loom's, which takes `SeqCst` for `AcqRel`: fences, which it knows, make an access what it says it is.
#[cfg(loom)]
#[derive(Debug)]
pub(crate) struct AtomicU8(loom::sync::atomic::AtomicU8);

#[cfg(loom)]
impl AtomicU8 {
    pub(crate) fn new(value: u8) -> Self {
        AtomicU8(loom::sync::atomic::AtomicU8::new(value))
    }

    pub(crate) fn load(&self, order: Ordering) -> u8 {
        fenced(order, || self.0.load(order))
    }

    pub(crate) fn store(&self, value: u8, order: Ordering) {
        fenced(order, || self.0.store(value, order));
    }

    pub(crate) fn swap(&self, value: u8, order: Ordering) -> u8 {
        fenced(order, || self.0.swap(value, order))
    }

    pub(crate) fn fetch_max(&self, value: u8, order: Ordering) -> u8 {
        fenced(order, || self.0.fetch_max(value, order))
    }

    pub(crate) fn compare_exchange(&self, old: u8, new: u8, order: Ordering, failed: Ordering) -> Result<u8, u8> {
        fenced(order, || self.0.compare_exchange(old, new, order, failed))
    }
}

#[cfg(loom)]
pub(crate) fn fenced<T>(order: Ordering, access: impl FnOnce() -> T) -> T {
    let fence = || {
        if order == Ordering::SeqCst {
            loom::sync::atomic::fence(order);
        }
    };
    fence();
    let value = access();
    fence();
    value
}

/// As that of `parking_lot`.
#[cfg(loom)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

#[cfg(loom)]
#[allow(clippy::unwrap_used)] // a model that panics is over
impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Mutex(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }
}
