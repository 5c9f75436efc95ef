//! What the VM keeps for a port, and how a callback gets at it.
//!
//! `driver_failure_*` and `driver_exit` call `stop` before they return. So a callback only notes how the port shall
//! end; it is ended when nobody uses the slot any more, and that frees it.

use std::any::TypeId;
use std::cell::{Cell, OnceCell, UnsafeCell};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use erl_driver_sys as sys;

use crate::panic;
use crate::port::Ending;
use crate::{Driver, Locking, Port, QueueAccess};

/// What the VM keeps for a port.
pub struct Slot<D, Q> {
    pub inner: Inner<Q>,
    /// None before `start` has returned and after `stop`.
    driver: UnsafeCell<Option<D>>,
}

/// The part of a slot that is not the driver's. All of it is used under the port's lock only.
pub struct Inner<Q> {
    pub port: Cell<sys::ErlDrvPort>,
    /// The slot itself, as the VM knows it.
    pub data: Cell<sys::ErlDrvData>,
    pub binary_answers: Cell<bool>,
    /// Whether a callback has the driver's state.
    busy: Cell<bool>,
    /// How many hold on to the slot: the callback that runs, and those who have reached it as another port.
    held: Cell<u32>,
    /// `stop` has come while the slot was held.
    stopped: Cell<bool>,
    pub ending: Cell<Option<Ending>>,
    pub queue_taken: Cell<bool>,
    pub alive: OnceCell<Arc<Alive<Q>>>,
    pub driver: TypeId,
    pub driver_locked: bool,
    /// Frees the slot.
    free: unsafe fn(sys::ErlDrvData),
    pub lock: OnceCell<Q>,
}

/// Where siblings find a port; null after it has been stopped.
pub struct Alive<Q>(pub AtomicPtr<Inner<Q>>);

impl<D: Driver<Q>, Q: QueueAccess> Slot<D, Q> {
    pub fn new(port: sys::ErlDrvPort, driver: Option<D>) -> *mut Self {
        let slot = Box::into_raw(Box::new(Slot {
            inner: Inner {
                port: Cell::new(port),
                data: Cell::new(ptr::null_mut()),
                binary_answers: Cell::new(false),
                busy: Cell::new(false),
                held: Cell::new(0),
                stopped: Cell::new(false),
                ending: Cell::new(None),
                queue_taken: Cell::new(false),
                alive: OnceCell::new(),
                driver: TypeId::of::<D>(),
                driver_locked: D::LOCKING == Locking::Driver,
                free: Self::free,
                lock: OnceCell::new(),
            },
            driver: UnsafeCell::new(driver),
        }));
        // SAFETY: just made.
        unsafe { &*slot }.inner.data.set(slot.cast());
        slot
    }

    /// # Safety
    /// `data` must be a slot of this type that nobody uses any more.
    unsafe fn free(data: sys::ErlDrvData) {
        // SAFETY: the caller's promise.
        let slot = unsafe { Box::from_raw(data.cast::<Self>()) };
        // Without a state, as a rule: `stop` has taken it.
        panic::barrier(std::any::type_name::<D>(), "drop", || drop(slot));
    }

    /// Gives up a slot that the VM has not been told of.
    ///
    /// # Safety
    /// `slot` must come from `new` and not be used any more.
    pub unsafe fn discard(slot: *mut Self) -> Option<D> {
        // SAFETY: the caller's promise.
        let slot = unsafe { Box::from_raw(slot) };
        slot.inner.forget();
        slot.driver.into_inner()
    }

    /// Runs a callback. If it panics, the port is ended.
    ///
    /// # Safety
    /// `data` must be a slot of this type that has not been freed, the caller the VM inside a callback of its port.
    pub unsafe fn run<T>(
        data: sys::ErlDrvData,
        callback: &'static str,
        f: impl FnOnce(&mut D, &Port<'_, Q>) -> T,
    ) -> Option<T> {
        let slot = data.cast::<Self>();
        // SAFETY: the caller's promise; the slot is held until `leave`.
        let Slot { inner, driver } = unsafe { &*slot };
        // The VM does not call a port's callback within another. Should it ever, the state is taken.
        if inner.busy.replace(true) {
            return None;
        }
        inner.hold();
        // SAFETY: `busy` makes this the only reference.
        let driver = unsafe { &mut *driver.get() };
        let result = driver.as_mut().and_then(|driver| {
            let result = panic::barrier(std::any::type_name::<D>(), callback, || f(driver, &Port::new(inner)));
            if result.is_none() {
                inner.end(Ending::Atom(c"panic".into()));
            }
            result
        });
        inner.busy.set(false);
        // SAFETY: held above; not used below.
        unsafe { Inner::leave(inner) };
        result
    }

    /// The first callback: makes the state. On failure the slot is freed.
    ///
    /// # Safety
    /// `slot` must be new, its port in `start`.
    pub unsafe fn start(
        slot: *mut Self,
        f: impl FnOnce(&Port<'_, Q>) -> Result<D, crate::Refusal>,
    ) -> Result<(), crate::Refusal> {
        // SAFETY: the caller's promise.
        let Slot { inner, driver } = unsafe { &*slot };
        // Held to the end: what `start` notes in `ending` is not performed but refused with.
        inner.hold();
        let started = panic::barrier(std::any::type_name::<D>(), "start", || {
            inner.make_lock()?;
            let state = f(&Port::new(inner))?;
            inner.ending.take().map_or(Ok(state), |ending| Err(ending.refusal()))
        });
        match started.unwrap_or(Err(crate::Refusal::General)) {
            Ok(state) => {
                // SAFETY: nobody else has the state of a port that is just opened.
                unsafe { *driver.get() = Some(state) };
                inner.held.set(0);
                Ok(())
            }
            Err(refusal) => {
                // SAFETY: the VM is not told of the slot.
                unsafe { Self::discard(slot) };
                Err(refusal)
            }
        }
    }

    /// The last callback: takes the state, frees the slot.
    ///
    /// # Safety
    /// As of `run`; the VM gives up `data`.
    pub unsafe fn stop(data: sys::ErlDrvData) {
        let slot = data.cast::<Self>();
        // SAFETY: the caller's promise.
        let Slot { inner, driver } = unsafe { &*slot };
        inner.forget();
        if inner.busy.get() {
            // Only unsafe code can get here, by calling `driver_failure` itself: the callback frees the slot.
            return inner.stopped.set(true);
        }
        inner.busy.set(true);
        inner.hold();
        // SAFETY: `busy` makes this the only reference.
        let state = unsafe { &mut *driver.get() }.take();
        if let Some(state) = state {
            panic::barrier(std::any::type_name::<D>(), "stop", || state.stop(&Port::new(inner)));
        }
        inner.ending.take();
        inner.stopped.set(true);
        // SAFETY: held above; not used below.
        unsafe { Inner::leave(inner) };
    }
}

impl<Q: QueueAccess> Inner<Q> {
    /// Makes the data lock of a driver that has one.
    pub fn make_lock(&self) -> Result<(), crate::Refusal> {
        let lock = Q::create(self.port.get()).ok_or(crate::Refusal::General)?;
        // A slot makes its lock once.
        let _ = self.lock.set(lock);
        Ok(())
    }
}

impl<Q> Inner<Q> {
    /// Notes how the port shall end, unless that is clear already.
    pub fn end(&self, ending: Ending) {
        let first = self.ending.take();
        self.ending.set(first.or(Some(ending)));
    }

    /// Siblings do not find the port any more.
    fn forget(&self) {
        if let Some(alive) = self.alive.get() {
            alive.0.store(ptr::null_mut(), Ordering::Relaxed);
        }
    }

    pub fn hold(&self) {
        self.held.set(self.held.get() + 1);
    }

    /// Lets go of the slot. The last one ends the port if it shall end, which frees the slot.
    ///
    /// # Safety
    /// After `hold`, inside a callback of the port or of one whose lock is the same; `inner` may be gone afterwards.
    pub unsafe fn leave(inner: *const Self) {
        // SAFETY: held until here.
        let this = unsafe { &*inner };
        this.held.set(this.held.get() - 1);
        if this.held.get() > 0 {
            return;
        }
        if this.stopped.get() {
            let (free, data) = (this.free, this.data.get());
            // SAFETY: the VM has given the slot up, and nobody holds it.
            return unsafe { free(data) };
        }
        if let Some(ending) = this.ending.take() {
            let port = this.port.get();
            // SAFETY: inside a callback; `stop` frees the slot, which is not used any more.
            unsafe { ending.perform(port) };
        }
    }
}
