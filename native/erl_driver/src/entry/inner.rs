//! The part of a slot that is not the driver's: who holds on to it, and how its port shall end.

use std::any::TypeId;
use std::cell::{Cell, OnceCell};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use erl_driver_sys as sys;

use crate::port::Ending;
use crate::{Driver, Locking, QueueAccess, Refusal};

/// There is no state: `start` has not returned, or `stop` has taken it.
pub const EMPTY: u64 = 1;
/// A callback has the state.
pub const BUSY: u64 = 2;
/// It is noted how the port shall end.
pub const ENDING: u64 = 4;
/// The VM has given the slot up.
pub const STOPPED: u64 = 8;
/// One of those who hold on to the slot: the callback that runs, and whoever has reached it as another port. There is room
/// for more than can ever be forgotten.
pub const HELD: u64 = 16;

/// The part of a slot that is not the driver's. All of it is used under the port's lock only.
pub struct Inner<Q> {
    /// Flags, and how often it is held.
    pub state: Cell<u64>,
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

impl<Q: QueueAccess> Inner<Q> {
    pub fn new<D: Driver<Q>>(port: sys::ErlDrvPort, free: unsafe fn(sys::ErlDrvData)) -> Self {
        Inner {
            state: Cell::new(EMPTY),
            port: Cell::new(port),
            binary_answers: Cell::new(false),
            queue_taken: Cell::new(false),
            driver_locked: D::LOCKING == Locking::Driver,
            data: Cell::new(ptr::null_mut()),
            ending: Cell::new(None),
            free,
            lock: OnceCell::new(),
            alive: OnceCell::new(),
            driver: TypeId::of::<D>(),
        }
    }

    /// Makes the data lock of a driver that has one.
    pub fn make_lock(&self) -> Result<(), Refusal> {
        let lock = Q::create(self.port.get()).ok_or(Refusal::General)?;
        // A slot makes its lock once.
        let _ = self.lock.set(lock);
        Ok(())
    }
}

impl<Q> Inner<Q> {
    pub fn set(&self, flag: u64) {
        self.state.set(self.state.get() | flag);
    }

    pub fn clear(&self, flag: u64) {
        self.state.set(self.state.get() & !flag);
    }

    /// Notes how the port shall end, unless that is clear already.
    pub fn end(&self, ending: Ending) {
        let first = self.take_ending();
        self.ending.set(first.or(Some(ending)));
        self.set(ENDING);
    }

    pub fn take_ending(&self) -> Option<Ending> {
        self.clear(ENDING);
        self.ending.take()
    }

    /// Siblings do not find the port any more.
    pub fn forget(&self) {
        if let Some(alive) = self.alive.get() {
            alive.inner.store(ptr::null_mut(), Ordering::Relaxed);
        }
    }

    /// Whether the VM has given the slot up.
    pub fn is_stopped(&self) -> bool {
        self.state.get() & STOPPED != 0
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

    /// As `leave`, in a callback after which the VM uses what the end of the port would free: that comes with the port's
    /// timer, which nobody needs any more.
    ///
    /// # Safety
    /// As of `leave`.
    pub unsafe fn leave_before_end(inner: *const Self) {
        // SAFETY: held until here.
        let this = unsafe { &*inner };
        if this.state.get() & (ENDING | STOPPED) != ENDING {
            // SAFETY: the caller's promise.
            return unsafe { Self::leave(inner) };
        }
        this.state.set(this.state.get() - HELD);
        // SAFETY: inside a callback of the port.
        unsafe { sys::driver_set_timer(this.port.get(), 0) };
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
