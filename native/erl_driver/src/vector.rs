//! Vectors: what `outputv` is given, and what a port's queue looks like. Most parts lie in reference-counted binaries.

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use bytes::Bytes;
use erl_driver_sys as sys;

use crate::Binary;
use crate::kept::Kept;

/// A vector that is lent to a callback.
pub struct Vector<'a> {
    raw: sys::ErlIOVec,
    lent: PhantomData<&'a [u8]>,
}

impl fmt::Debug for Vector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vector").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<'a> Vector<'a> {
    /// # Safety
    /// `raw` must be a vector whose parts are valid for `'a`.
    pub(crate) unsafe fn new(raw: sys::ErlIOVec) -> Self {
        Vector { raw, lent: PhantomData }
    }

    /// # Safety
    /// `raw` must be the vector of a callback that runs for `'a`.
    pub(crate) unsafe fn lent(raw: *const sys::ErlIOVec) -> Self {
        // SAFETY: the caller's promise.
        let raw = unsafe { *raw };
        // SAFETY: as above.
        unsafe { Self::new(raw) }
    }

    /// For functions that only read it.
    pub(crate) fn as_raw(&self) -> sys::ErlIOVec {
        self.raw
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.raw.size
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parts that are not empty.
    pub fn parts(&self) -> impl Iterator<Item = Part<'a>> + use<'a> {
        let len = self.raw.vsize as usize;
        // SAFETY: there are `vsize` parts, valid for 'a.
        let iovs: &'a [sys::SysIOVec] = unsafe { slice(self.raw.iov, len) };
        // SAFETY: there are `vsize` binaries or nulls.
        let binaries: &'a [*mut sys::ErlDrvBinary] = unsafe { slice(self.raw.binv, len) };
        iovs.iter().zip(binaries).filter(|(iov, _)| iov.iov_len > 0).map(|(iov, binary)| {
            #[allow(clippy::unnecessary_cast)] // a `c_ulong` on Windows
            // SAFETY: as above.
            let bytes = unsafe { slice(iov.iov_base.cast::<u8>(), iov.iov_len as usize) };
            Part { bytes, binary: NonNull::new(*binary) }
        })
    }

    /// The parts without the first bytes.
    pub(crate) fn parts_without(&self, mut skip: usize) -> impl DoubleEndedIterator<Item = Part<'a>> + use<'a> {
        let rest = self.parts().filter_map(|part| {
            let cut = skip.min(part.bytes.len());
            skip -= cut;
            let bytes = &part.bytes[cut..];
            (!bytes.is_empty()).then_some(Part { bytes, ..part })
        });
        rest.collect::<Vec<_>>().into_iter()
    }

    /// Everything in one piece: shared if it lies in one binary, else copied.
    pub fn to_bytes(&self) -> Bytes {
        let mut parts = self.parts();
        match (parts.next(), parts.next()) {
            (None, _) => Bytes::new(),
            (Some(only), None) => only.to_bytes(),
            _ => self.to_vec().into(),
        }
    }

    /// A copy of everything.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len());
        self.parts().for_each(|part| all.extend_from_slice(part.bytes));
        all
    }

    /// Copies from the front as much as there is room for; returns how many bytes.
    pub fn copy_to(&self, room: &mut [u8]) -> usize {
        let mut raw = self.raw;
        // SAFETY: the vector is valid, and there is so much room.
        unsafe { sys::driver_vec_to_buf(&mut raw, room.as_mut_ptr().cast(), room.len()) }
    }
}

/// # Safety
/// `data` must be valid for `len` values for `'a`, unless `len` is 0.
unsafe fn slice<'a, T>(data: *const T, len: usize) -> &'a [T] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data, len) }
}

/// One part of a vector.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    bytes: &'a [u8],
    binary: Option<NonNull<sys::ErlDrvBinary>>,
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("len", &self.bytes.len()).field("shared", &self.is_shared()).finish()
    }
}

impl<'a> Part<'a> {
    /// The bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn raw_binary(&self) -> *mut sys::ErlDrvBinary {
        self.binary.map_or(std::ptr::null_mut(), NonNull::as_ptr)
    }

    /// Whether the bytes lie in a binary, so that they need not be copied.
    pub fn is_shared(&self) -> bool {
        self.binary.is_some()
    }

    /// The bytes as a binary: shared if they lie in one, else copied.
    pub fn to_binary(self) -> Binary {
        // SAFETY: the binary is alive while the vector is lent.
        let shared = self.binary.and_then(|raw| unsafe { Binary::share(raw, self.bytes) });
        shared.unwrap_or_else(|| Binary::copy_from_slice(self.bytes))
    }

    /// The bytes as an owned value: shared if they belong to a binary, else copied.
    pub fn to_bytes(self) -> Bytes {
        match self.binary {
            // SAFETY: the binary is alive while the vector is lent, and keeps the bytes.
            Some(raw) => Bytes::from_owner(unsafe { Kept::new(raw, self.bytes) }),
            None => Bytes::copy_from_slice(self.bytes),
        }
    }
}
