//! Binaries that are still being written.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use erl_driver_sys as sys;

use crate::binary::{Binary, allocate, data, no_memory};

/// A binary that nobody else has yet: it may be written to.
pub struct BinaryMut(Binary);

impl BinaryMut {
    /// A binary of zeroes.
    pub fn zeroed(len: usize) -> Self {
        let raw = allocate(len);
        // SAFETY: the binary has so many bytes.
        unsafe { data(raw).write_bytes(0, len) };
        BinaryMut(Binary { raw, offset: 0, len })
    }

    /// Makes it shorter, or longer by zeroes.
    pub fn resize(&mut self, len: usize) {
        let Binary { raw, len: old, .. } = self.0;
        // SAFETY: the only reference, callable from any thread.
        let resized = unsafe { sys::driver_realloc_binary(raw.as_ptr(), len) };
        let raw = NonNull::new(resized).unwrap_or_else(|| no_memory(len));
        (self.0.raw, self.0.len) = (raw, len);
        if let Some(new) = self.get_mut(old..) {
            // SAFETY: bytes of the binary, which the VM has not filled.
            unsafe { new.as_mut_ptr().write_bytes(0, new.len()) };
        }
    }

    /// From now on it is read only, and may be shared.
    pub fn freeze(self) -> Binary {
        self.0
    }
}

impl Deref for BinaryMut {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for BinaryMut {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: the only reference to the binary, and all of it.
        unsafe { std::slice::from_raw_parts_mut(data(self.0.raw), self.0.len) }
    }
}

impl fmt::Debug for BinaryMut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinaryMut").field("len", &self.0.len).finish_non_exhaustive()
    }
}
