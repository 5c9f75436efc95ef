//! The answers to `port_control/3` and `erlang:port_call/3`.
//!
//! In which memory a long answer must be depends on the port's flags when the callback returns. So what is kept is the
//! answer, and only then put into that form.

use std::ffi::c_char;
use std::marker::PhantomData;

use erl_driver_sys as sys;

use crate::{Binary, Memory};

/// Proof that an answer has been given.
#[derive(Debug)]
#[must_use]
pub struct Replied<'a>(Answer, PhantomData<&'a mut [u8]>);

#[derive(Debug)]
enum Answer {
    /// So many bytes in the VM's room.
    Written(usize),
    Binary(Binary),
    Memory(Memory),
    /// The buffer of the call's own term.
    Kept(*mut c_char, usize),
    Nothing,
    Refused,
}

impl Replied<'_> {
    /// What the VM takes for `badarg`.
    pub(crate) const REFUSED: sys::ErlDrvSSizeT = -1;

    /// What the callback returns; `binary` says whether the VM expects a binary or a block.
    ///
    /// # Safety
    /// `room` must be that of the callback, and the answer go to the VM.
    #[inline]
    pub(crate) unsafe fn into_raw(self, room: *mut *mut c_char, binary: bool) -> sys::ErlDrvSSizeT {
        match self.0 {
            Answer::Written(len) => len as isize,
            Answer::Refused => Self::REFUSED,
            // SAFETY: the caller's promise.
            answer => unsafe { answer.instead_of(room, binary) },
        }
    }
}

impl Answer {
    /// Has the VM find an answer instead of its room.
    ///
    /// # Safety
    /// As of `into_raw`.
    #[cold]
    unsafe fn instead_of(self, room: *mut *mut c_char, binary: bool) -> sys::ErlDrvSSizeT {
        let (len, answer): (usize, *mut c_char) = match self {
            Answer::Binary(whole) if binary && whole.is_whole() => (whole.len(), whole.into_raw().cast()),
            Answer::Binary(part) if binary => (part.len(), Binary::copy_from_slice(&part).into_raw().cast()),
            Answer::Memory(block) if binary => (block.len(), Binary::copy_from_slice(&block).into_raw().cast()),
            Answer::Memory(block) => (block.len(), block.into_raw().cast()),
            Answer::Binary(bytes) => (bytes.len(), Memory::copy_from_slice(&bytes).into_raw().cast()),
            Answer::Kept(term, len) => (len, term),
            Answer::Nothing | Answer::Written(_) | Answer::Refused => (0, std::ptr::null_mut()),
        };
        // SAFETY: the caller's promise. The VM takes over a reference to a binary, and frees a block.
        unsafe { *room = answer };
        len as isize
    }
}

/// The VM's room for an answer.
#[derive(Debug)]
pub(crate) struct Room<'a> {
    room: *mut c_char,
    len: usize,
    lent: PhantomData<&'a mut [u8]>,
}

impl<'a> Room<'a> {
    /// # Safety
    /// `*room` must have `len` bytes of room during the callback.
    #[inline]
    pub unsafe fn new(room: *const *mut c_char, len: usize) -> Self {
        // SAFETY: the caller's promise.
        Room { room: unsafe { *room }, len, lent: PhantomData }
    }

    /// Answers with a copy of `bytes` if there is room for it.
    #[inline]
    fn copy(&mut self, bytes: &[u8]) -> Option<Replied<'a>> {
        self.as_mut_slice().get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Replied(Answer::Written(bytes.len()), PhantomData))
    }

    /// What is in it so far is of no meaning.
    #[inline]
    fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: by `new`, and nobody else has it. The VM's memory has some value, even where it has written none.
        unsafe { std::slice::from_raw_parts_mut(self.room.cast(), self.len) }
    }
}

/// Room for the answer to one `control`. Consumed by answering.
#[derive(Debug)]
pub struct Control<'a> {
    room: Room<'a>,
    /// Whether the port answers with binaries now, and most likely will when the callback returns.
    binary: bool,
}

impl<'a> Control<'a> {
    #[inline]
    pub(crate) fn new(room: Room<'a>, binary: bool) -> Self {
        Control { room, binary }
    }

    /// The VM's own room for an answer, 64 bytes. What is written there becomes the answer by [`Control::written`].
    #[inline]
    pub fn room(&mut self) -> &mut [u8] {
        self.room.as_mut_slice()
    }

    /// Answers with the first `len` bytes of the room.
    ///
    /// # Panics
    /// If the room is shorter.
    #[inline]
    pub fn written(self, len: usize) -> Replied<'a> {
        assert!(len <= self.room.len, "there is room for {} bytes, not for {len}", self.room.len);
        Replied(Answer::Written(len), PhantomData)
    }

    /// Answers with a copy of `bytes`. Up to 64 bytes need no allocation.
    #[inline]
    pub fn bytes(mut self, bytes: &[u8]) -> Replied<'a> {
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
        Replied(Answer::Binary(binary), PhantomData)
    }

    /// Answers with a block, without copying it if the port answers with lists.
    pub fn memory(self, memory: Memory) -> Replied<'a> {
        Replied(Answer::Memory(memory), PhantomData)
    }

    /// Answers with nothing: an empty list, also when the port answers with binaries.
    pub fn nothing(self) -> Replied<'a> {
        Replied(Answer::Nothing, PhantomData)
    }

    /// Refuses: the caller gets `badarg`.
    pub fn badarg(self) -> Replied<'a> {
        Replied(Answer::Refused, PhantomData)
    }
}

/// Room for the answer to one `call`. Consumed by answering.
#[derive(Debug)]
pub struct Call<'a> {
    room: Room<'a>,
    term: &'a [u8],
    flags: &'a mut u32,
}

impl<'a> Call<'a> {
    pub(crate) fn new(room: Room<'a>, term: &'a [u8], flags: &'a mut u32) -> Self {
        Call { room, term, flags }
    }

    /// Answers with a copy of a term in the external format; if it is none, the caller gets `badarg`. Up to 255 bytes
    /// need no allocation.
    pub fn bytes(mut self, term: &[u8]) -> Replied<'a> {
        self.room.copy(term).unwrap_or_else(|| self.memory(Memory::copy_from_slice(term)))
    }

    /// As [`bytes`](Call::bytes), without copying.
    pub fn memory(self, term: Memory) -> Replied<'a> {
        Replied(Answer::Memory(term), PhantomData)
    }

    /// Answers with the term of the call itself. It is copied: see [`raw::keep_buffer`](crate::raw::keep_buffer).
    pub fn same(self) -> Replied<'a> {
        let term = self.term;
        self.bytes(term)
    }

    pub(crate) fn keep_buffer(self) -> Replied<'a> {
        // Keeps the VM from freeing what is its own.
        *self.flags |= sys::DRIVER_CALL_KEEP_BUFFER;
        Replied(Answer::Kept(self.term.as_ptr().cast_mut().cast(), self.term.len()), PhantomData)
    }

    /// Refuses: the caller gets `badarg`.
    pub fn badarg(self) -> Replied<'a> {
        Replied(Answer::Refused, PhantomData)
    }
}
