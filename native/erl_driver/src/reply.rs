//! The answers to `port_control/3` and `erlang:port_call/3`.

use std::ffi::{c_char, c_uint};
use std::marker::PhantomData;

use erl_driver_sys as sys;

use crate::{Binary, Memory};

/// Proof that an answer has been given.
#[derive(Debug)]
#[must_use]
pub struct Replied<'a>(sys::ErlDrvSSizeT, PhantomData<&'a mut [u8]>);

impl Replied<'_> {
    /// What the VM takes for `badarg`.
    pub(crate) const REFUSED: sys::ErlDrvSSizeT = -1;

    pub(crate) fn into_raw(self) -> sys::ErlDrvSSizeT {
        self.0
    }
}

/// The VM's room for an answer.
#[derive(Debug)]
struct Room<'a> {
    room: *mut *mut c_char,
    len: usize,
    lent: PhantomData<&'a mut [u8]>,
}

impl<'a> Room<'a> {
    /// Answers with a copy of `bytes` if there is room for it.
    #[inline]
    fn copy(&self, bytes: &[u8]) -> Option<Replied<'a>> {
        if bytes.len() > self.len {
            return None;
        }
        // SAFETY: the promise made to `new`.
        let room = unsafe { *self.room };
        // SAFETY: there is room for `bytes`, and it overlaps nothing of ours.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), room.cast(), bytes.len()) };
        Some(Replied(bytes.len() as isize, PhantomData))
    }

    /// Answers with what the VM finds instead of its room.
    fn instead(&self, answer: *mut u8, len: usize) -> Replied<'a> {
        // SAFETY: the promise made to `new`.
        unsafe { *self.room = answer.cast() };
        Replied(len as isize, PhantomData)
    }
}

/// Room for the answer to one `control`. Consumed by answering.
#[derive(Debug)]
pub struct Control<'a> {
    room: Room<'a>,
    binary: bool,
}

impl<'a> Control<'a> {
    /// # Safety
    /// `*room` must have `len` bytes of room; `binary` must say whether the port answers with binaries.
    pub(crate) unsafe fn new(room: *mut *mut c_char, len: usize, binary: bool) -> Self {
        Control { room: Room { room, len, lent: PhantomData }, binary }
    }

    /// Answers with a copy of `bytes`. Up to 64 bytes need no allocation.
    #[inline]
    pub fn bytes(self, bytes: &[u8]) -> Replied<'a> {
        self.room.copy(bytes).unwrap_or_else(|| self.long(bytes))
    }

    #[cold]
    fn long(self, bytes: &[u8]) -> Replied<'a> {
        if self.binary {
            return self.binary(Binary::copy_from_slice(bytes));
        }
        self.memory(Memory::copy_from_slice(bytes))
    }

    /// Answers with a binary, without copying it if it is a whole one and the port answers with binaries.
    pub fn binary(self, binary: Binary) -> Replied<'a> {
        if self.binary && binary.is_whole() {
            let len = binary.len();
            // In binary mode the VM takes over one reference to the binary it finds.
            return self.room.instead(binary.into_raw().cast(), len);
        }
        if self.binary { self.binary(Binary::copy_from_slice(&binary)) } else { self.bytes(&binary) }
    }

    /// Answers with a block, without copying it if the port answers with lists.
    pub fn memory(self, memory: Memory) -> Replied<'a> {
        if self.binary {
            return self.bytes(&memory);
        }
        let len = memory.len();
        // In list mode the VM frees the block it finds.
        self.room.instead(memory.into_raw(), len)
    }

    /// Answers with nothing: an empty list, also when the port answers with binaries.
    pub fn nothing(self) -> Replied<'a> {
        self.room.instead(std::ptr::null_mut(), 0)
    }

    /// Refuses: the caller gets `badarg`.
    pub fn badarg(self) -> Replied<'a> {
        Replied(Replied::REFUSED, PhantomData)
    }
}

/// Room for the answer to one `call`. Consumed by answering.
#[derive(Debug)]
pub struct Call<'a> {
    room: Room<'a>,
    term: (*mut c_char, usize),
    flags: *mut c_uint,
}

impl<'a> Call<'a> {
    /// # Safety
    /// `*room` must have `len` bytes of room; `term` and `flags` must be those of the call.
    pub(crate) unsafe fn new(
        room: *mut *mut c_char,
        len: usize,
        term: *mut c_char,
        term_len: usize,
        flags: *mut c_uint,
    ) -> Self {
        Call { room: Room { room, len, lent: PhantomData }, term: (term, term_len), flags }
    }

    /// Answers with a copy of a term in the external format; if it is none, the caller gets `badarg`. Up to 255 bytes
    /// need no allocation.
    pub fn bytes(self, term: &[u8]) -> Replied<'a> {
        match self.room.copy(term) {
            Some(replied) => replied,
            None => self.memory(Memory::copy_from_slice(term)),
        }
    }

    /// As [`bytes`](Call::bytes), without copying.
    pub fn memory(self, term: Memory) -> Replied<'a> {
        let len = term.len();
        self.room.instead(term.into_raw(), len)
    }

    /// Answers with the term of the call itself. It is copied: see [`raw::keep_buffer`](crate::raw::keep_buffer).
    pub fn same(self) -> Replied<'a> {
        let (term, len) = self.term;
        // SAFETY: the promise made to `new`.
        let term = unsafe { std::slice::from_raw_parts(term.cast::<u8>(), len) };
        self.bytes(term)
    }

    pub(crate) fn keep_buffer(self) -> Replied<'a> {
        let (term, len) = self.term;
        // SAFETY: the promise made to `new`; the flag keeps the VM from freeing what is its own.
        unsafe { *self.flags |= sys::DRIVER_CALL_KEEP_BUFFER };
        self.room.instead(term.cast(), len)
    }

    /// Refuses: the caller gets `badarg`.
    pub fn badarg(self) -> Replied<'a> {
        Replied(Replied::REFUSED, PhantomData)
    }
}
