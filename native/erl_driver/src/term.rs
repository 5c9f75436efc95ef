//! Messages: terms that a driver makes.

use std::ffi::c_int;
use std::marker::PhantomData;

use erl_driver_sys as sys;

use crate::{Atom, Binary, NotSent, Pid, PortId};

/// A term under construction, in reverse Polish order: parts first, then what they form.
///
/// ```no_run
/// # use erl_driver::{Atom, NotSent, PortId, Terms};
/// # fn tell(port: PortId, changed: Atom, name: &[u8]) -> Result<(), NotSent> {
/// // {changed, Port, [<<"name">>]}
/// port.output(Terms::new().atom(changed).port(port).bytes(name).nil().list(2).tuple(3))
/// # }
/// ```
///
/// A message must leave exactly one term; the VM refuses others. Buffers must live until it is sent:
///
/// ```compile_fail,E0716
/// # use erl_driver::{PortId, Terms};
/// # fn tell(port: PortId) {
/// let terms = Terms::new().bytes(&vec![1, 2, 3]);
/// let _ = port.output(terms);
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Terms<'a> {
    words: Vec<sys::ErlDrvTermData>,
    /// Numbers that the VM reads through pointers, and which word points to each.
    wide: Vec<(usize, u64)>,
    buffers: PhantomData<&'a [u8]>,
}

impl<'a> Terms<'a> {
    /// Nothing yet.
    pub fn new() -> Self {
        Terms::default()
    }

    /// Adds the empty list.
    pub fn nil(self) -> Self {
        self.with(&[sys::ERL_DRV_NIL])
    }

    /// Adds an atom.
    pub fn atom(self, atom: Atom) -> Self {
        self.with(&[sys::ERL_DRV_ATOM, atom.0])
    }

    /// Adds an integer.
    pub fn int(self, number: isize) -> Self {
        self.with(&[sys::ERL_DRV_INT, number as usize])
    }

    /// Adds an unsigned integer.
    pub fn uint(self, number: usize) -> Self {
        self.with(&[sys::ERL_DRV_UINT, number])
    }

    /// Adds an integer of 64 bits.
    pub fn int64(self, number: i64) -> Self {
        self.wide(sys::ERL_DRV_INT64, number as u64)
    }

    /// Adds an unsigned integer of 64 bits.
    pub fn uint64(self, number: u64) -> Self {
        self.wide(sys::ERL_DRV_UINT64, number)
    }

    /// Adds a float; it must be finite.
    pub fn float(self, number: f64) -> Self {
        self.wide(sys::ERL_DRV_FLOAT, number.to_bits())
    }

    /// Adds a port.
    pub fn port(self, port: PortId) -> Self {
        self.with(&[sys::ERL_DRV_PORT, port.0])
    }

    /// Adds a pid.
    pub fn pid(self, pid: Pid) -> Self {
        self.with(&[sys::ERL_DRV_PID, pid.0])
    }

    /// Adds a binary, by reference.
    pub fn binary(self, binary: &'a Binary) -> Self {
        let (raw, offset, len) = binary.as_raw();
        self.with(&[sys::ERL_DRV_BINARY, raw as usize, len, offset])
    }

    /// Adds a binary with a copy of `bytes`.
    pub fn bytes(self, bytes: &'a [u8]) -> Self {
        self.with(&[sys::ERL_DRV_BUF2BINARY, bytes.as_ptr() as usize, bytes.len()])
    }

    /// Adds a list of bytes.
    pub fn string(self, bytes: &'a [u8]) -> Self {
        self.with(&[sys::ERL_DRV_STRING, bytes.as_ptr() as usize, bytes.len()])
    }

    /// Puts bytes in front of the last term, which is a list or becomes the tail of one.
    pub fn string_cons(self, bytes: &'a [u8]) -> Self {
        self.with(&[sys::ERL_DRV_STRING_CONS, bytes.as_ptr() as usize, bytes.len()])
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

    /// Makes a list of the last `len` terms, the last of which is its tail: put [`nil`](Terms::nil) there, and count it.
    pub fn list(self, len: usize) -> Self {
        self.with(&[sys::ERL_DRV_LIST, len])
    }

    /// Makes a map of the last `2 * pairs` terms: key, value, key, value. Keys must differ.
    pub fn map(self, pairs: usize) -> Self {
        self.with(&[sys::ERL_DRV_MAP, pairs])
    }

    fn with(mut self, words: &[sys::ErlDrvTermData]) -> Self {
        self.words.extend_from_slice(words);
        self
    }

    fn wide(mut self, tag: sys::ErlDrvTermData, number: u64) -> Self {
        self.wide.push((self.words.len() + 1, number));
        self.with(&[tag, 0])
    }

    /// Hands the finished words to a function that sends them.
    pub(crate) fn pass(mut self, send: impl FnOnce(*mut sys::ErlDrvTermData, c_int) -> c_int) -> Result<(), NotSent> {
        // Only now do the numbers stay where they are.
        for (word, number) in &self.wide {
            self.words[*word] = std::ptr::from_ref(number) as usize;
        }
        let Ok(len) = c_int::try_from(self.words.len()) else { return Err(NotSent::Refused) };
        let sent = send(self.words.as_mut_ptr(), len);
        if sent > 0 { Ok(()) } else { Err(NotSent::of(sent)) }
    }
}
