//! Reference-counted binaries of the VM.

use std::alloc::{Layout, handle_alloc_error};
use std::fmt;
use std::ops::{Bound, Deref, RangeBounds};
use std::ptr::NonNull;

use bytes::Bytes;
use erl_driver_sys as sys;

/// A binary of the VM, or a part of one. May be read, cloned and dropped on any thread; clones and slices share the
/// bytes, as do messages made of it.
pub struct Binary {
    pub(crate) raw: NonNull<sys::ErlDrvBinary>,
    pub(crate) offset: usize,
    pub(crate) len: usize,
}

// SAFETY: the bytes are not changed any more, and reference counts may be changed on any thread.
unsafe impl Send for Binary {}
// SAFETY: as above.
unsafe impl Sync for Binary {}

impl Binary {
    /// A binary with a copy of the bytes.
    pub fn copy_from_slice(bytes: &[u8]) -> Self {
        Self::from_parts(bytes, &[])
    }

    /// A binary with copies of two parts, one behind the other.
    pub fn from_parts(head: &[u8], body: &[u8]) -> Self {
        let len = head.len() + body.len();
        let raw = allocate(len);
        // SAFETY: the binary has room for both parts.
        unsafe { std::ptr::copy_nonoverlapping(head.as_ptr(), data(raw), head.len()) };
        // SAFETY: as above.
        let rest = unsafe { data(raw).add(head.len()) };
        // SAFETY: as above.
        unsafe { std::ptr::copy_nonoverlapping(body.as_ptr(), rest, body.len()) };
        Binary { raw, offset: 0, len }
    }

    /// A part of this one; shares the bytes.
    ///
    /// # Panics
    /// If the range is not within.
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => before + 1,
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last + 1,
            Bound::Excluded(&end) => end,
            Bound::Unbounded => self.len,
        };
        let len = self[start..end].len();
        let mut part = self.clone();
        (part.offset, part.len) = (self.offset + start, len);
        part
    }

    /// How many references there are, those of processes included.
    pub fn reference_count(&self) -> usize {
        // SAFETY: the binary is alive.
        unsafe { sys::driver_binary_get_refc(self.raw.as_ptr()) as usize }
    }

    /// Adds a reference to a part of a binary that somebody else holds. None if the part is not in the binary: so it is
    /// with those that NIFs make of their resources.
    ///
    /// # Safety
    /// `raw` must be a binary that is alive now.
    pub(crate) unsafe fn share(raw: NonNull<sys::ErlDrvBinary>, part: &[u8]) -> Option<Self> {
        // SAFETY: the caller's promise.
        let whole = unsafe { raw.as_ref() }.orig_size as usize;
        let offset = part.as_ptr().addr().wrapping_sub(data(raw).addr());
        if offset > whole || part.len() > whole - offset {
            return None;
        }
        // SAFETY: the caller's promise.
        unsafe { sys::driver_binary_inc_refc(raw.as_ptr()) };
        Some(Binary { raw, offset, len: part.len() })
    }

    /// Whether it is all of its binary.
    pub(crate) fn is_whole(&self) -> bool {
        // SAFETY: the binary is alive.
        let whole = unsafe { self.raw.as_ref() }.orig_size as usize;
        self.len == whole
    }

    /// Gives the reference away.
    pub(crate) fn into_raw(self) -> *mut sys::ErlDrvBinary {
        let raw = self.raw.as_ptr();
        std::mem::forget(self);
        raw
    }

    /// The binary, and which part of it this is.
    pub(crate) fn as_raw(&self) -> (*mut sys::ErlDrvBinary, usize, usize) {
        (self.raw.as_ptr(), self.offset, self.len)
    }
}

pub(crate) fn allocate(len: usize) -> NonNull<sys::ErlDrvBinary> {
    // SAFETY: callable from any thread.
    let raw = unsafe { sys::driver_alloc_binary(len) };
    NonNull::new(raw).unwrap_or_else(|| no_memory(len))
}

pub(crate) fn no_memory(len: usize) -> ! {
    handle_alloc_error(Layout::array::<u8>(len).unwrap_or(Layout::new::<u8>()))
}

/// The first byte of a binary.
pub(crate) fn data(raw: NonNull<sys::ErlDrvBinary>) -> *mut u8 {
    // SAFETY: the binary is alive; the bytes follow its header.
    unsafe { (&raw mut (*raw.as_ptr()).orig_bytes).cast() }
}

impl Deref for Binary {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the part lies in the binary.
        let start = unsafe { data(self.raw).add(self.offset) };
        // SAFETY: as above; the binary is alive.
        unsafe { std::slice::from_raw_parts(start, self.len) }
    }
}

impl AsRef<[u8]> for Binary {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Clone for Binary {
    fn clone(&self) -> Self {
        // SAFETY: the binary is alive.
        unsafe { sys::driver_binary_inc_refc(self.raw.as_ptr()) };
        Binary { ..*self }
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        // SAFETY: gives up our own reference.
        unsafe { sys::driver_free_binary(self.raw.as_ptr()) }
    }
}

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binary").field("len", &self.len).finish_non_exhaustive()
    }
}

impl From<Binary> for Bytes {
    /// Shares the binary.
    fn from(binary: Binary) -> Self {
        Bytes::from_owner(binary)
    }
}
