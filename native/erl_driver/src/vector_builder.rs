//! Vectors that a driver makes itself.

use std::ffi::c_int;
use std::marker::PhantomData;
use std::ptr;

use erl_driver_sys as sys;

use crate::{Binary, Vector};

/// A vector of one's own, made of bytes and binaries.
///
/// ```no_run
/// # use erl_driver::{Binary, Port, VectorBuilder};
/// # fn send(port: &Port<'_>, binary: &Binary) {
/// let mut parts = VectorBuilder::new();
/// parts.bytes(b"head").binary(binary);
/// port.output_vector(b"", &parts.vector(), 0);
/// # }
/// ```
#[derive(Debug, Default)]
pub struct VectorBuilder<'a> {
    iovs: Vec<sys::SysIOVec>,
    binaries: Vec<*mut sys::ErlDrvBinary>,
    size: usize,
    lent: PhantomData<&'a [u8]>,
}

impl<'a> VectorBuilder<'a> {
    /// No parts.
    pub fn new() -> Self {
        VectorBuilder::default()
    }

    /// Adds bytes, which the VM copies.
    pub fn bytes(&mut self, bytes: &'a [u8]) -> &mut Self {
        self.part(bytes, ptr::null_mut())
    }

    /// Adds a binary, by reference.
    pub fn binary(&mut self, binary: &'a Binary) -> &mut Self {
        self.part(binary, binary.as_raw().0)
    }

    /// What is left of a vector without its first bytes. The VM would cut them off in the vector itself, which may be
    /// a port's queue.
    pub(crate) fn without(vector: &Vector<'a>, skip: usize) -> Self {
        let mut rest = VectorBuilder::new();
        vector.parts_without(skip).for_each(|part| {
            rest.part(part.bytes(), part.raw_binary());
        });
        rest
    }

    fn part(&mut self, bytes: &'a [u8], binary: *mut sys::ErlDrvBinary) -> &mut Self {
        self.iovs.push(sys::SysIOVec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() as _ });
        self.binaries.push(binary);
        self.size += bytes.len();
        self
    }

    /// The vector, while it is borrowed.
    pub fn vector(&mut self) -> Vector<'_> {
        let raw = sys::ErlIOVec {
            vsize: self.iovs.len() as c_int,
            size: self.size,
            iov: self.iovs.as_mut_ptr(),
            binv: self.binaries.as_mut_ptr(),
        };
        // SAFETY: parts and their bytes are borrowed.
        unsafe { Vector::new(raw) }
    }
}
