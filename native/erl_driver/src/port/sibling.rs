//! Other ports of a driver whose ports share one lock.

use std::fmt;
use std::ops::Deref;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::Port;
use crate::NoLock;
use crate::entry::{Alive, Inner};

/// A port of the driver, to be [reached](Port::reach) from callbacks of others. Says nothing about whether it lives.
pub struct Sibling<Q = NoLock>(Arc<Alive<Q>>);

impl<Q> Clone for Sibling<Q> {
    fn clone(&self) -> Self {
        Sibling(self.0.clone())
    }
}

impl<Q> PartialEq for Sibling<Q> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<Q> Eq for Sibling<Q> {}

impl<Q> fmt::Debug for Sibling<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sibling")
    }
}

/// Another port, within a callback.
#[derive(Debug)]
pub struct OtherPort<'a, Q = NoLock>(Port<'a, Q>);

impl<'a, Q> Deref for OtherPort<'a, Q> {
    type Target = Port<'a, Q>;

    fn deref(&self) -> &Port<'a, Q> {
        &self.0
    }
}

impl<Q> OtherPort<'_, Q> {
    /// # Safety
    /// `inner` must be of a port whose lock is held for `'a`.
    pub(crate) unsafe fn new(inner: *const Inner<Q>) -> Self {
        // SAFETY: the caller's promise; held from here to `drop`.
        let inner = unsafe { &*inner };
        inner.hold();
        OtherPort(Port::new(inner))
    }
}

impl<Q> Drop for OtherPort<'_, Q> {
    /// If the other port shall end, this is when it does.
    fn drop(&mut self) {
        // SAFETY: held in `new`; not used any more.
        unsafe { Inner::leave(self.0.inner()) };
    }
}

impl<Q> Port<'_, Q> {
    /// This port, for callbacks of others.
    pub fn sibling(&self) -> Sibling<Q> {
        let alive = self.inner().alive.get_or_init(|| {
            let inner = AtomicPtr::new(ptr::from_ref(self.inner()).cast_mut());
            Arc::new(Alive { inner, driver: self.inner().driver })
        });
        Sibling(alive.clone())
    }

    /// Another port of this driver. None if it has ended, or if the driver's [`LOCKING`](crate::Driver::LOCKING) is not
    /// [`Locking::Driver`](crate::Locking::Driver): then the other port may be in a callback of its own.
    ///
    /// ```no_run
    /// # use erl_driver::{Port, Sibling};
    /// # fn set_busy(port: &Port<'_>, slave: &Sibling) {
    /// if let Some(slave) = port.reach(slave) {
    ///     slave.set_busy(true);
    /// }
    /// # }
    /// ```
    pub fn reach(&self, sibling: &Sibling<Q>) -> Option<OtherPort<'_, Q>> {
        let Sibling(alive) = sibling;
        if !self.inner().driver_locked || alive.driver != self.inner().driver {
            return None;
        }
        let inner = alive.inner.load(Ordering::Relaxed);
        // SAFETY: a port of this driver, whose lock is held while the callback of `self` runs; `stop` sets null.
        (!inner.is_null()).then(|| unsafe { OtherPort::new(inner) })
    }
}
