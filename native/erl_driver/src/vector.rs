//! What `outputv` is given: a vector of parts, most of them in reference-counted binaries.

use std::marker::PhantomData;
use std::ptr::NonNull;

use bytes::Bytes;
use erl_driver_sys as sys;

use crate::{Binary, Slice};

/// The vector of a running `outputv`.
#[derive(Debug)]
pub struct Vector<'a> {
    raw: *const sys::ErlIOVec,
    lent: PhantomData<&'a [u8]>,
}

impl<'a> Vector<'a> {
    /// # Safety
    /// `raw` must be the vector of a running `outputv`.
    pub(crate) unsafe fn new(raw: *const sys::ErlIOVec) -> Self {
        Vector { raw, lent: PhantomData }
    }

    /// The parts that are not empty.
    pub fn parts(&self) -> impl Iterator<Item = Part<'a>> {
        // SAFETY: the vector is valid while `outputv` runs.
        let vector = unsafe { &*self.raw };
        let len = vector.vsize as usize;
        // SAFETY: there are `vsize` parts.
        let iovs: &'a [sys::SysIOVec] = unsafe { slice(vector.iov, len) };
        // SAFETY: there are `vsize` binaries or nulls.
        let binaries: &'a [*mut sys::ErlDrvBinary] = unsafe { slice(vector.binv, len) };
        iovs.iter().zip(binaries).filter(|(iov, _)| iov.iov_len > 0).map(|(iov, binary)| {
            // SAFETY: a part is valid while `outputv` runs.
            let bytes = unsafe { slice(iov.iov_base.cast::<u8>(), iov.iov_len) };
            Part { bytes, binary: NonNull::new(*binary) }
        })
    }

    /// Everything in one piece: shared if it lies in one binary, else copied.
    pub fn to_bytes(&self) -> Bytes {
        let mut parts = self.parts();
        match (parts.next(), parts.next()) {
            (None, _) => Bytes::new(),
            (Some(only), None) => only.to_bytes(),
            _ => {
                // SAFETY: as in `parts`.
                let mut all = Vec::with_capacity(unsafe { (*self.raw).size });
                self.parts().for_each(|part| all.extend_from_slice(part.bytes));
                all.into()
            }
        }
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
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    bytes: &'a [u8],
    binary: Option<NonNull<sys::ErlDrvBinary>>,
}

impl<'a> Part<'a> {
    /// The bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes as an owned value: shared if they lie in a binary, else copied.
    pub fn to_bytes(self) -> Bytes {
        let Some(raw) = self.binary else { return Bytes::copy_from_slice(self.bytes) };
        // SAFETY: the binary is alive while `outputv` runs, and `bytes` lies in it.
        let binary = unsafe { Binary::share(raw) };
        let start = self.bytes.as_ptr() as usize - binary.data() as usize;
        Slice { binary, start, len: self.bytes.len() }.into()
    }
}
