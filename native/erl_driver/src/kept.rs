//! Bytes of a process that are kept by a reference to the binary they belong to, wherever they lie: those that NIFs make
//! of their resources are elsewhere.

use std::ptr::NonNull;

use erl_driver_sys as sys;

pub(crate) struct Kept {
    binary: NonNull<sys::ErlDrvBinary>,
    bytes: NonNull<[u8]>,
}

// SAFETY: the bytes are not changed any more, and reference counts may be changed on any thread.
unsafe impl Send for Kept {}
// SAFETY: as above.
unsafe impl Sync for Kept {}

impl Kept {
    /// # Safety
    /// `binary` must be alive now, and keep `bytes`.
    pub unsafe fn new(binary: NonNull<sys::ErlDrvBinary>, bytes: &[u8]) -> Self {
        // SAFETY: the caller's promise.
        unsafe { sys::driver_binary_inc_refc(binary.as_ptr()) };
        Kept { binary, bytes: NonNull::from(bytes) }
    }
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: kept by our reference.
        unsafe { self.bytes.as_ref() }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: gives up our own reference.
        unsafe { sys::driver_free_binary(self.binary.as_ptr()) }
    }
}
