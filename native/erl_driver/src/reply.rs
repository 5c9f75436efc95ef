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
pub struct Replied(sys::ErlDrvSSizeT);

impl Replied {
    pub(crate) fn into_raw(self) -> sys::ErlDrvSSizeT {
        self.0
    }
}

impl Control<'_> {
    /// # Safety
    /// `*room` must have `len` bytes of room; `binary` must say whether the port answers with binaries.
    pub(crate) unsafe fn new(room: *mut *mut c_char, len: usize, binary: bool) -> Self {
        Control { room, len, binary, lent: PhantomData }
    }

    /// The VM's own room, for short answers: write, then call [`Control::written`].
    pub fn room(&mut self) -> &mut [u8] {
        // SAFETY: the promise made to `new`.
        let room = unsafe { *self.room };
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(room.cast(), self.len) }
    }

    /// Answers with the first `len` bytes of [`Control::room`].
    ///
    /// # Panics
    /// If there is less room.
    pub fn written(self, len: usize) -> Replied {
        assert!(len <= self.len, "an answer of {len} bytes in {} bytes of room", self.len);
        Replied(len as isize)
    }

    /// Answers with a copy of `bytes`.
    pub fn bytes(mut self, bytes: &[u8]) -> Replied {
        if bytes.len() <= self.len {
            self.room()[..bytes.len()].copy_from_slice(bytes);
            return self.written(bytes.len());
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
        Replied(bytes.len() as isize)
    }

    /// Answers with a whole binary, without copying it. The port must answer with binaries; else it is copied.
    pub fn binary(self, binary: Binary) -> Replied {
        if !self.binary {
            return self.bytes(binary.as_ref());
        }
        let len = binary.as_ref().len();
        // SAFETY: in binary mode the VM takes over one reference to the binary it finds here.
        unsafe { *self.room = binary.into_raw().cast() };
        Replied(len as isize)
    }

    /// Refuses: the caller gets `badarg`.
    pub fn badarg(self) -> Replied {
        Replied(-1)
    }
}
