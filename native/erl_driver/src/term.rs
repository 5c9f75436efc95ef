//! Terms that outlive a callback, and messages made of them.

use std::ffi::c_int;
use std::marker::PhantomData;

use erl_driver_sys as sys;

use crate::Binary;

/// A local process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pid(pub(crate) sys::ErlDrvTermData);

/// How the VM marks the word of a local pid.
const PID_MARK: usize = 0b0011;
const MARK_BITS: usize = 0b1111;

impl Pid {
    /// A pid, if the term is one of this node.
    pub(crate) fn local(term: sys::ErlDrvTermData) -> Option<Self> {
        (term & MARK_BITS == PID_MARK).then_some(Pid(term))
    }

    /// The term, for use with the NIF API, which shares the representation of local pids.
    pub fn to_raw(self) -> usize {
        self.0
    }

    /// A pid from a raw term.
    ///
    /// # Safety
    /// `raw` must be the term of a local pid.
    pub unsafe fn from_raw(raw: usize) -> Self {
        Pid(raw)
    }
}

/// An atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Atom(pub(crate) sys::ErlDrvTermData);

/// The name of a port, usable from any thread and after the port has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortId(pub(crate) sys::ErlDrvTermData);

/// The message could not be sent: the receiver or the port is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSent;

impl PortId {
    /// Sends a message to the port's owner. Any thread.
    pub fn output(self, message: Terms<'_>) -> Result<(), NotSent> {
        let mut words = message.words;
        // SAFETY: the specification was built by `Terms`, whose buffers are still borrowed.
        let sent = unsafe { sys::erl_drv_output_term(self.0, words.as_mut_ptr(), words.len() as c_int) };
        if sent > 0 { Ok(()) } else { Err(NotSent) }
    }

    /// Sends a message to a process, in the port's name. Any thread; not while the port stops.
    pub fn send(self, to: Pid, message: Terms<'_>) -> Result<(), NotSent> {
        let mut words = message.words;
        // SAFETY: as in `output`.
        let sent = unsafe { sys::erl_drv_send_term(self.0, to.0, words.as_mut_ptr(), words.len() as c_int) };
        if sent > 0 { Ok(()) } else { Err(NotSent) }
    }
}

/// A term under construction, in reverse Polish order: parts first, then what they form.
///
/// A message must leave exactly one term; the VM refuses others.
#[derive(Debug, Default)]
pub struct Terms<'a> {
    words: Vec<sys::ErlDrvTermData>,
    buffers: PhantomData<&'a [u8]>,
}

impl<'a> Terms<'a> {
    /// Nothing yet.
    pub fn new() -> Self {
        Terms::default()
    }

    /// Adds an atom.
    pub fn atom(self, atom: Atom) -> Self {
        self.with(&[sys::ERL_DRV_ATOM, atom.0])
    }

    /// Adds a port.
    pub fn port(self, port: PortId) -> Self {
        self.with(&[sys::ERL_DRV_PORT, port.0])
    }

    /// Adds an unsigned integer.
    pub fn uint(self, number: usize) -> Self {
        self.with(&[sys::ERL_DRV_UINT, number])
    }

    /// Adds a binary with a copy of `bytes`.
    pub fn bytes(self, bytes: &'a [u8]) -> Self {
        self.with(&[sys::ERL_DRV_BUF2BINARY, bytes.as_ptr() as usize, bytes.len()])
    }

    /// Adds a binary, by reference.
    pub fn binary(self, binary: &'a Binary) -> Self {
        self.with(&[sys::ERL_DRV_BINARY, binary.as_raw() as usize, binary.as_ref().len(), 0])
    }

    /// Adds a list of bytes.
    pub fn string(self, bytes: &'a [u8]) -> Self {
        self.with(&[sys::ERL_DRV_STRING, bytes.as_ptr() as usize, bytes.len()])
    }

    /// Adds a term from its external format. Bytes that are none make the send fail; they must come from this VM,
    /// for atoms are created.
    pub fn external(self, term: &'a [u8]) -> Self {
        self.with(&[sys::ERL_DRV_EXT2TERM, term.as_ptr() as usize, term.len()])
    }

    /// Makes a tuple of the last `arity` terms.
    pub fn tuple(self, arity: usize) -> Self {
        self.with(&[sys::ERL_DRV_TUPLE, arity])
    }

    fn with(mut self, words: &[sys::ErlDrvTermData]) -> Self {
        self.words.extend_from_slice(words);
        self
    }
}
