//! What the VM keeps for a port, and how a callback gets at it.
//!
//! `driver_failure_*` and `driver_exit` call `stop` before they return. So a callback only notes how the port shall
//! end; it is ended when nobody uses the slot any more, and that frees it.

use std::any::type_name;
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

use erl_driver_sys as sys;

use super::inner::{BUSY, EMPTY, ENDING, HELD, Inner, STOPPED};
use crate::panic;
use crate::port::Ending;
use crate::{Driver, Port, QueueAccess, Refusal};

/// What the VM keeps for a port.
pub struct Slot<D, Q> {
    pub inner: Inner<Q>,
    driver: UnsafeCell<MaybeUninit<D>>,
}

impl<D: Driver<Q>, Q: QueueAccess> Slot<D, Q> {
    pub fn new(port: sys::ErlDrvPort) -> *mut Self {
        let slot = Box::into_raw(Box::new(Slot {
            inner: Inner::new::<D>(port, Self::free),
            driver: UnsafeCell::new(MaybeUninit::uninit()),
        }));
        // SAFETY: just made.
        unsafe { &*slot }.inner.data.set(slot.cast());
        slot
    }

    /// Gives a new slot its state.
    pub fn fill(&self, driver: D) {
        debug_assert!(self.inner.state.get() & EMPTY != 0);
        // SAFETY: there is no state, so nobody has it.
        unsafe { &mut *self.driver.get() }.write(driver);
        self.inner.clear(EMPTY);
    }

    /// Takes the state, if it is there and no callback has it.
    fn take(&self) -> Option<D> {
        if self.inner.state.get() & (EMPTY | BUSY) != 0 {
            return None;
        }
        self.inner.set(EMPTY);
        // SAFETY: nobody has it.
        let driver = unsafe { &*self.driver.get() };
        // SAFETY: it was there, and is not read again.
        Some(unsafe { driver.assume_init_read() })
    }

    /// # Safety
    /// `data` must be a slot of this type that nobody uses any more.
    unsafe fn free(data: sys::ErlDrvData) {
        // SAFETY: the caller's promise.
        let slot = unsafe { Box::from_raw(data.cast::<Self>()) };
        // Without a state, as a rule: `stop` has taken it.
        panic::barrier(type_name::<D>(), "drop", || drop(slot.take()));
    }

    /// Gives up a slot that the VM does not have; returns its state.
    ///
    /// # Safety
    /// `slot` must come from `new` and not be used any more.
    pub unsafe fn discard(slot: *mut Self) -> Option<D> {
        // SAFETY: the caller's promise.
        let slot = unsafe { Box::from_raw(slot) };
        slot.inner.forget();
        slot.take()
    }

    /// Runs a callback. If it panics, the port is ended.
    ///
    /// # Safety
    /// `data` must be a slot of this type that has not been freed, the caller the VM inside a callback of its port.
    #[inline]
    pub unsafe fn run<T>(
        data: sys::ErlDrvData,
        callback: &'static str,
        f: impl FnOnce(&mut D, &Port<'_, Q>) -> T,
    ) -> Option<T> {
        // SAFETY: the caller's promise; the slot is held until `leave`.
        let Slot { inner, driver } = unsafe { &*data.cast::<Self>() };
        let state = inner.state.get();
        if state & (EMPTY | BUSY | ENDING) != 0 {
            // SAFETY: the caller's promise.
            unsafe { Self::end_instead(inner) };
            return None;
        }
        inner.state.set((state + HELD) | BUSY);
        // SAFETY: there is a state, and `BUSY` makes this the only reference.
        let driver = unsafe { &mut *driver.get() };
        // SAFETY: as above.
        let driver = unsafe { driver.assume_init_mut() };
        let result = panic::barrier(type_name::<D>(), callback, || f(driver, &Port::new(inner)));
        if result.is_none() {
            inner.end(Ending::Atom(c"panic".into()));
        }
        inner.clear(BUSY);
        // SAFETY: held above; not used below.
        unsafe { Inner::leave(inner) };
        result
    }

    /// Ends a port whose end was postponed: none of its callbacks runs any more.
    ///
    /// # Safety
    /// As of `run`.
    #[cold]
    unsafe fn end_instead(inner: *const Inner<Q>) {
        // SAFETY: the caller's promise; held before it is left.
        let this = unsafe { &*inner };
        // The VM does not call a port's callback within another. Should it ever, the state is taken.
        if this.state.get() & (EMPTY | BUSY) == 0 {
            this.hold();
            // SAFETY: just held; not used below.
            unsafe { Inner::leave(inner) };
        }
    }

    /// As `run`, but if the port is to end it does so a little later: OTP looks at the monitor that has fired when
    /// `process_exit` has returned, and an end would have freed it.
    ///
    /// # Safety
    /// As of `run`.
    pub unsafe fn run_before_end(data: sys::ErlDrvData, callback: &'static str, f: impl FnOnce(&mut D, &Port<'_, Q>)) {
        // SAFETY: the caller's promise; the slot is held until `leave_before_end`.
        let inner = unsafe { &(*data.cast::<Self>()).inner };
        inner.hold();
        // SAFETY: the caller's promise.
        unsafe { Self::run(data, callback, f) };
        // SAFETY: held above; not used below.
        unsafe { Inner::leave_before_end(inner) };
    }

    /// The first callback: makes the state. On failure the slot is freed.
    ///
    /// # Safety
    /// `slot` must be new, its port in `start`.
    pub unsafe fn start(slot: *mut Self, f: impl FnOnce(&Port<'_, Q>) -> Result<D, Refusal>) -> Result<(), Refusal> {
        // SAFETY: the caller's promise.
        let this = unsafe { &*slot };
        let inner = &this.inner;
        // Held to the end: what `start` notes in `ending` is not performed but refused with.
        inner.hold();
        let started = panic::barrier(type_name::<D>(), "start", || {
            inner.make_lock()?;
            let state = f(&Port::new(inner))?;
            inner.take_ending().map_or(Ok(state), |ending| Err(ending.refusal()))
        });
        match started.unwrap_or(Err(Refusal::General)) {
            Ok(state) => {
                this.fill(state);
                inner.state.set(0);
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
        // SAFETY: the caller's promise.
        let this = unsafe { &*data.cast::<Self>() };
        let inner = &this.inner;
        inner.forget();
        inner.hold();
        inner.set(STOPPED);
        // None if a callback has it, which only unsafe code can bring about, by calling `driver_failure` itself: then
        // that callback frees the slot.
        if let Some(state) = this.take() {
            panic::barrier(type_name::<D>(), "stop", || state.stop(&Port::new(inner)));
        }
        inner.take_ending();
        // SAFETY: held above; not used below.
        unsafe { Inner::leave(inner) };
    }
}
