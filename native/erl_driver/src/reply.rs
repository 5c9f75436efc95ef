//! The answer to `port_control/3` and `erlang:port_call/3`.

use std::ffi::c_char;
use std::marker::PhantomData;

use erl_driver_sys as sys;

use crate::Binary;

/// Room for the answer to one `control` or `call`. Consumed by answering.
#[derive(Debug)]
pub struct Control<'a> {
    room: *mut *mut c_char,
    len: usize,
    binary: bool,
    lent: PhantomData<&'a mut [u8]>,
}

/// Proof that an answer has been given.
#[derive(Debug)]
#[must_use]
pub struct Replied<'a>(sys::ErlDrvSSizeT, PhantomData<&'a mut [u8]>);

impl Replied<'_> {
    pub(crate) fn into_raw(self) -> sys::ErlDrvSSizeT {
        self.0
    }
}

impl<'a> Control<'a> {
    /// # Safety
    /// `*room` must have `len` bytes of room; `binary` must say whether the port answers with binaries.
    pub(crate) unsafe fn new(room: *mut *mut c_char, len: usize, binary: bool) -> Self {
        Control { room, len, binary, lent: PhantomData }
    }

    /// Answers with a copy of `bytes`. Up to 64 bytes need no allocation.
    pub fn bytes(self, bytes: &[u8]) -> Replied<'a> {
        if bytes.len() <= self.len {
            // SAFETY: the promise made to `new`.
            let room = unsafe { *self.room };
            // SAFETY: there is room for `bytes`, and it overlaps nothing of ours.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), room.cast(), bytes.len()) };
            return Replied(bytes.len() as isize, PhantomData);
        }
        if self.binary {
            return self.binary(Binary::from_parts(bytes, &[]));
        }
        // SAFETY: callable from any thread.
        let memory = unsafe { sys::driver_alloc(bytes.len()) };
        if memory.is_null() {
            return self.badarg();
        }
        // SAFETY: the memory was allocated with this length.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory.cast(), bytes.len()) };
        // SAFETY: the VM frees what it finds here if it is not its own room.
        unsafe { *self.room = memory.cast() };
        Replied(bytes.len() as isize, PhantomData)
    }

    /// Answers with a whole binary, without copying it. The port must answer with binaries; else it is copied.
    pub fn binary(self, binary: Binary) -> Replied<'a> {
        if !self.binary {
            return self.bytes(binary.as_ref());
        }
        let len = binary.as_ref().len();
        // SAFETY: in binary mode the VM takes over one reference to the binary it finds here.
        unsafe { *self.room = binary.into_raw().cast() };
        Replied(len as isize, PhantomData)
    }

    /// Refuses: the caller gets `badarg`.
    pub fn badarg(self) -> Replied<'a> {
        Replied(-1, PhantomData)
    }
}
