//! Reference-counted binaries of the VM.

use std::ptr::NonNull;

use bytes::Bytes;
use erl_driver_sys as sys;

/// A reference to a binary of the VM. May be read and dropped on any thread.
#[derive(Debug)]
pub struct Binary(NonNull<sys::ErlDrvBinary>);

// SAFETY: the bytes are not changed any more, and reference counts may be changed on any thread.
unsafe impl Send for Binary {}
// SAFETY: as above.
unsafe impl Sync for Binary {}

impl Binary {
    /// A binary with copies of two parts, one behind the other.
    pub fn from_parts(head: &[u8], body: &[u8]) -> Self {
        let len = head.len() + body.len();
        // SAFETY: callable from any thread.
        let raw = unsafe { sys::driver_alloc_binary(len) };
        let Some(raw) = NonNull::new(raw) else {
            std::alloc::handle_alloc_error(
                std::alloc::Layout::array::<u8>(len).unwrap_or(std::alloc::Layout::new::<u8>()),
            )
        };
        let binary = Binary(raw);
        // SAFETY: the binary has room for both parts.
        unsafe { std::ptr::copy_nonoverlapping(head.as_ptr(), binary.data(), head.len()) };
        // SAFETY: as above.
        let rest = unsafe { binary.data().add(head.len()) };
        // SAFETY: as above.
        unsafe { std::ptr::copy_nonoverlapping(body.as_ptr(), rest, body.len()) };
        binary
    }

    /// Adds a reference to a binary that somebody else holds.
    ///
    /// # Safety
    /// `raw` must be a binary that is alive now.
    pub(crate) unsafe fn share(raw: NonNull<sys::ErlDrvBinary>) -> Self {
        // SAFETY: the caller's promise.
        unsafe { sys::driver_binary_inc_refc(raw.as_ptr()) };
        Binary(raw)
    }

    pub(crate) fn into_raw(self) -> *mut sys::ErlDrvBinary {
        let raw = self.0.as_ptr();
        std::mem::forget(self);
        raw
    }

    pub(crate) fn as_raw(&self) -> *mut sys::ErlDrvBinary {
        self.0.as_ptr()
    }

    pub(crate) fn data(&self) -> *mut u8 {
        // SAFETY: the binary is alive; the bytes follow its header.
        unsafe { (&raw mut (*self.0.as_ptr()).orig_bytes).cast() }
    }
}

impl AsRef<[u8]> for Binary {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the binary is alive.
        let len = unsafe { self.0.as_ref() }.orig_size;
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(self.data(), len as usize) }
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        // SAFETY: gives up our own reference.
        unsafe { sys::driver_free_binary(self.0.as_ptr()) }
    }
}

/// A part of a binary.
#[derive(Debug)]
pub struct Slice {
    pub(crate) binary: Binary,
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        &self.binary.as_ref()[self.start..self.start + self.len]
    }
}

impl From<Slice> for Bytes {
    /// Shares the binary.
    fn from(slice: Slice) -> Self {
        Bytes::from_owner(slice)
    }
}
