//! A port's queue.

use std::cell::Cell;
use std::ffi::c_char;
use std::fmt;

use erl_driver_sys as sys;

use crate::{Binary, DataLock, Vector, VectorBuilder};

/// How the queue of a driver's ports is used: [`NoLock`], or [`DataLock`].
pub trait QueueAccess: sealed::Sealed + Sized + 'static {}

impl QueueAccess for NoLock {}
impl QueueAccess for DataLock {}

pub(crate) mod sealed {
    use erl_driver_sys as sys;

    pub trait Sealed: Sized {
        /// What a new port gets; none if the VM refuses.
        fn create(port: sys::ErlDrvPort) -> Option<Self>;
    }
}

/// The queue is used in callbacks only.
#[derive(Clone, Copy, Debug)]
pub struct NoLock;

impl sealed::Sealed for NoLock {
    fn create(_port: sys::ErlDrvPort) -> Option<Self> {
        Some(NoLock)
    }
}

/// The port has ended: it has no queue any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoQueue;

/// The queue of a port, held by a callback or under the data lock. While bytes are in it, closing the port waits:
/// `flush` is called instead of `stop`, and `stop` when it is empty.
pub struct Queue<'a> {
    /// A pointer also keeps it on its thread, which is the one that must unlock.
    port: sys::ErlDrvPort,
    hold: Hold<'a>,
}

enum Hold<'a> {
    Callback(&'a Cell<bool>),
    Lock(&'a DataLock),
}

impl fmt::Debug for Queue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("sizeq", &self.sizeq()).finish_non_exhaustive()
    }
}

impl Drop for Queue<'_> {
    fn drop(&mut self) {
        match self.hold {
            Hold::Callback(taken) => taken.set(false),
            // SAFETY: locked by this thread in `lock`.
            Hold::Lock(lock) => unsafe { lock.unlock() },
        }
    }
}

impl<'a> Queue<'a> {
    pub(crate) fn of_callback(port: sys::ErlDrvPort, taken: &'a Cell<bool>) -> Self {
        assert!(!taken.replace(true), "the callback holds the port's queue already");
        Queue { port, hold: Hold::Callback(taken) }
    }

    pub(crate) fn of_lock(port: sys::ErlDrvPort, lock: &'a DataLock) -> Self {
        Queue { port, hold: Hold::Lock(lock) }
    }

    /// Puts a copy of the bytes at the end.
    pub fn enq(&mut self, bytes: &[u8]) -> Result<(), NoQueue> {
        // SAFETY: the queue is held, here and below; the VM copies the bytes.
        done(unsafe { sys::driver_enq(self.port, chars(bytes), bytes.len()) })
    }

    /// Puts a copy of the bytes at the head.
    pub fn pushq(&mut self, bytes: &[u8]) -> Result<(), NoQueue> {
        // SAFETY: see `enq`.
        done(unsafe { sys::driver_pushq(self.port, chars(bytes), bytes.len()) })
    }

    /// Puts a binary at the end, by reference.
    pub fn enq_binary(&mut self, binary: &Binary) -> Result<(), NoQueue> {
        let (raw, offset, len) = binary.as_raw();
        // SAFETY: see `enq`; the VM adds its own reference.
        done(unsafe { sys::driver_enq_bin(self.port, raw, offset, len) })
    }

    /// Puts a binary at the head, by reference.
    pub fn pushq_binary(&mut self, binary: &Binary) -> Result<(), NoQueue> {
        let (raw, offset, len) = binary.as_raw();
        // SAFETY: see `enq_binary`.
        done(unsafe { sys::driver_pushq_bin(self.port, raw, offset, len) })
    }

    /// Puts a vector without its first `skip` bytes at the end, its binaries by reference.
    pub fn enqv(&mut self, vector: &Vector<'_>, skip: usize) -> Result<(), NoQueue> {
        if skip > 0 {
            return self.enqv(&VectorBuilder::without(vector, skip).vector(), 0);
        }
        let mut raw = vector.as_raw();
        // SAFETY: see `enq`; the vector is valid while it is borrowed.
        done(unsafe { sys::driver_enqv(self.port, &mut raw, 0) })
    }

    /// Puts a vector without its first `skip` bytes at the head, its binaries by reference.
    ///
    /// Does not use `driver_pushqv`, which writes the address of bytes that it copies over that of the queue's first part
    /// (measured on OTP 25; the source of later ones is the same).
    pub fn pushqv(&mut self, vector: &Vector<'_>, skip: usize) -> Result<(), NoQueue> {
        vector.parts_without(skip).rev().try_for_each(|part| self.pushq_binary(&part.to_binary()))
    }

    /// Removes bytes from the head, at most those that are there; returns how many are left.
    pub fn deq(&mut self, bytes: usize) -> Result<usize, NoQueue> {
        let bytes = bytes.min(self.sizeq()?);
        // SAFETY: see `enq`.
        size(unsafe { sys::driver_deq(self.port, bytes) })
    }

    /// How many bytes are there.
    pub fn sizeq(&self) -> Result<usize, NoQueue> {
        // SAFETY: see `enq`.
        size(unsafe { sys::driver_sizeq(self.port) })
    }

    /// Shows what is there, in order, without removing it.
    pub fn peekq(&self) -> Result<Vector<'_>, NoQueue> {
        let mut raw = sys::ErlIOVec { vsize: 0, size: 0, iov: std::ptr::null_mut(), binv: std::ptr::null_mut() };
        // SAFETY: see `enq`; there is room for the vector.
        raw.size = size(unsafe { sys::driver_peekqv(self.port, &mut raw) })?;
        // SAFETY: the queue is not changed while it is borrowed.
        Ok(unsafe { Vector::new(raw) })
    }
}

fn done(status: i32) -> Result<(), NoQueue> {
    if status == 0 { Ok(()) } else { Err(NoQueue) }
}

fn size(size: usize) -> Result<usize, NoQueue> {
    if size == usize::MAX { Err(NoQueue) } else { Ok(size) }
}

/// What the VM only reads.
fn chars(bytes: &[u8]) -> *mut c_char {
    bytes.as_ptr().cast_mut().cast()
}
