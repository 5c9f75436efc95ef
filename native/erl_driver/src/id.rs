//! Terms that outlive a callback: pids, atoms, and ports, which send.

use std::ffi::c_int;

use erl_driver_sys as sys;

use crate::Terms;

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

/// The message could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The receiver has ended, or the port is closing.
    Gone,
    /// The terms do not make one term, or the port has ended.
    Refused,
}

impl NotSent {
    pub(crate) fn of(status: c_int) -> Self {
        if status == 0 { NotSent::Gone } else { NotSent::Refused }
    }
}

impl PortId {
    /// Sends a message to the port's owner. Any thread.
    pub fn output(self, message: Terms<'_>) -> Result<(), NotSent> {
        message.pass(|words, len| {
            // SAFETY: the specification was built by `Terms`, whose buffers are still borrowed.
            unsafe { sys::erl_drv_output_term(self.0, words, len) }
        })
    }

    /// Sends a message to a process, in the port's name. Any thread; not while the port stops.
    pub fn send(self, to: Pid, message: Terms<'_>) -> Result<(), NotSent> {
        message.pass(|words, len| {
            // SAFETY: as in `output`.
            unsafe { sys::erl_drv_send_term(self.0, to.0, words, len) }
        })
    }
}
