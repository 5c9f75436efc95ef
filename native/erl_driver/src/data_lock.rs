//! The lock that lets other threads use a port's queue.

use std::fmt;
use std::ptr::NonNull;

use erl_driver_sys as sys;

use crate::Queue;
use crate::queue::sealed::Sealed;

/// A port's data lock: the queue is used on any thread, by whoever holds the lock. May outlive the port.
pub struct DataLock {
    lock: NonNull<sys::_ErlDrvPDL>,
    port: sys::ErlDrvPort,
}

// SAFETY: the lock may be used on any thread; it keeps the VM's side of the port in memory.
unsafe impl Send for DataLock {}
// SAFETY: as above.
unsafe impl Sync for DataLock {}

impl Sealed for DataLock {
    fn create(port: sys::ErlDrvPort) -> Option<Self> {
        // SAFETY: called in the first callback of the port, once.
        let lock = NonNull::new(unsafe { sys::driver_pdl_create(port) })?;
        // SAFETY: the VM's reference is the port's; this one is ours.
        unsafe { sys::driver_pdl_inc_refc(lock.as_ptr()) };
        Some(DataLock { lock, port })
    }
}

impl DataLock {
    /// Waits for the lock and holds it until the queue is dropped. Hold it shortly: the VM waits for it too.
    ///
    /// While you hold it, do not use monitors, which take it themselves, nor lock it again: both would wait for ever.
    pub fn lock(&self) -> Queue<'_> {
        // SAFETY: any thread may lock it.
        unsafe { sys::driver_pdl_lock(self.lock.as_ptr()) };
        Queue::of_lock(self.port, self)
    }

    /// # Safety
    /// Locked by this thread.
    pub(crate) unsafe fn unlock(&self) {
        // SAFETY: the caller's promise.
        unsafe { sys::driver_pdl_unlock(self.lock.as_ptr()) };
    }

    /// How many hold on to the lock: the port, its jobs, and clones of this.
    pub fn reference_count(&self) -> usize {
        // SAFETY: any thread may read it.
        unsafe { sys::driver_pdl_get_refc(self.lock.as_ptr()) as usize }
    }
}

impl Clone for DataLock {
    fn clone(&self) -> Self {
        // SAFETY: any thread may add a reference.
        unsafe { sys::driver_pdl_inc_refc(self.lock.as_ptr()) };
        DataLock { ..*self }
    }
}

impl Drop for DataLock {
    fn drop(&mut self) {
        // SAFETY: gives up our own reference.
        unsafe { sys::driver_pdl_dec_refc(self.lock.as_ptr()) };
    }
}

impl fmt::Debug for DataLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataLock").finish_non_exhaustive()
    }
}
