//! What the VM keeps for a port, and how a callback gets at it.
//!
//! `driver_failure_*` and `driver_exit` call `stop` before they return. So a callback only notes how the port shall
//! end; it is ended when nobody uses the slot any more, and that frees it.

use std::any::{TypeId, type_name};
use std::cell::{Cell, OnceCell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use erl_driver_sys as sys;

use crate::panic;
use crate::port::Ending;
use crate::{Driver, Locking, Port, QueueAccess, Refusal};

/// There is no state: `start` has not returned, or `stop` has taken it.
const EMPTY: u32 = 1;
/// A callback has the state.
const BUSY: u32 = 2;
/// It is noted how the port shall end.
const ENDING: u32 = 4;
/// The VM has given the slot up.
const STOPPED: u32 = 8;
/// One of those who hold on to the slot: the callback that runs, and whoever has reached it as another port.
const HELD: u32 = 16;

/// What the VM keeps for a port.
pub struct Slot<D, Q> {
    pub inner: Inner<Q>,
    driver: UnsafeCell<MaybeUninit<D>>,
}

/// The part of a slot that is not the driver's. All of it is used under the port's lock only.
pub struct Inner<Q> {
    /// Flags, and how often it is held.
    state: Cell<u32>,
    pub port: Cell<sys::ErlDrvPort>,
    pub binary_answers: Cell<bool>,
    pub queue_taken: Cell<bool>,
    pub driver_locked: bool,
    /// The slot itself, as the VM knows it.
    pub data: Cell<sys::ErlDrvData>,
    ending: Cell<Option<Ending>>,
    /// Frees the slot.
    free: unsafe fn(sys::ErlDrvData),
    pub lock: OnceCell<Q>,
    pub alive: OnceCell<Arc<Alive<Q>>>,
    pub driver: TypeId,
}

/// Where siblings find a port.
pub struct Alive<Q> {
    /// Null after it has been stopped.
    pub inner: AtomicPtr<Inner<Q>>,
    /// Which driver's: only its lock says when `inner` may be read.
    pub driver: TypeId,
}

impl<D: Driver<Q>, Q: QueueAccess> Slot<D, Q> {
    pub fn new(port: sys::ErlDrvPort) -> *mut Self {
        let slot = Box::into_raw(Box::new(Slot {
            inner: Inner {
                state: Cell::new(EMPTY),
                port: Cell::new(port),
                binary_answers: Cell::new(false),
                queue_taken: Cell::new(false),
                driver_locked: D::LOCKING == Locking::Driver,
                data: Cell::new(ptr::null_mut()),
                ending: Cell::new(None),
                free: Self::free,
                lock: OnceCell::new(),
                alive: OnceCell::new(),
                driver: TypeId::of::<D>(),
            },
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
        // The VM does not call a port's callback within another. Should it ever, the state is taken.
        if state & (EMPTY | BUSY) != 0 {
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
        // None if a callback has it, which only unsafe code can bring about, by calling `driver_failure` itself: then
        // that callback frees the slot.
        if let Some(state) = this.take() {
            panic::barrier(type_name::<D>(), "stop", || state.stop(&Port::new(inner)));
        }
        inner.take_ending();
        inner.set(STOPPED);
        // SAFETY: held above; not used below.
        unsafe { Inner::leave(inner) };
    }
}

impl<Q: QueueAccess> Inner<Q> {
    /// Makes the data lock of a driver that has one.
    pub fn make_lock(&self) -> Result<(), Refusal> {
        let lock = Q::create(self.port.get()).ok_or(Refusal::General)?;
        // A slot makes its lock once.
        let _ = self.lock.set(lock);
        Ok(())
    }
}

impl<Q> Inner<Q> {
    fn set(&self, flag: u32) {
        self.state.set(self.state.get() | flag);
    }

    fn clear(&self, flag: u32) {
        self.state.set(self.state.get() & !flag);
    }

    /// Notes how the port shall end, unless that is clear already.
    pub fn end(&self, ending: Ending) {
        let first = self.take_ending();
        self.ending.set(first.or(Some(ending)));
        self.set(ENDING);
    }

    fn take_ending(&self) -> Option<Ending> {
        self.clear(ENDING);
        self.ending.take()
    }

    /// Siblings do not find the port any more.
    fn forget(&self) {
        if let Some(alive) = self.alive.get() {
            alive.inner.store(ptr::null_mut(), Ordering::Relaxed);
        }
    }

    pub fn hold(&self) {
        self.state.set(self.state.get() + HELD);
    }

    /// Lets go of the slot. The last one ends the port if it shall end, which frees the slot.
    ///
    /// # Safety
    /// After `hold`, inside a callback of the port or of one whose lock is the same; `inner` may be gone afterwards.
    #[inline]
    pub unsafe fn leave(inner: *const Self) {
        // SAFETY: held until here.
        let this = unsafe { &*inner };
        this.state.set(this.state.get() - HELD);
        if this.state.get() & (ENDING | STOPPED) != 0 {
            // SAFETY: the caller's promise.
            unsafe { Self::finish(inner) };
        }
    }

    /// # Safety
    /// As of `leave`, after it.
    #[cold]
    unsafe fn finish(inner: *const Self) {
        // SAFETY: the caller's promise.
        let this = unsafe { &*inner };
        let state = this.state.get();
        if state >= HELD {
            return;
        }
        if state & STOPPED != 0 {
            let (free, data) = (this.free, this.data.get());
            // SAFETY: the VM has given the slot up, and nobody holds it.
            return unsafe { free(data) };
        }
        if let Some(ending) = this.take_ending() {
            let port = this.port.get();
            // SAFETY: inside a callback; `stop` frees the slot, which is not used any more.
            unsafe { ending.perform(port) };
        }
    }
}
