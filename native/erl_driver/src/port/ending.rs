//! How a driver ends its port. The VM is told when the callback has returned: it calls `stop` at once.

use std::ffi::{CStr, CString};

use erl_driver_sys as sys;

use super::Port;
use crate::Refusal;
use crate::entry::refused;

/// What a callback has noted.
#[derive(Debug)]
pub enum Ending {
    Atom(CString),
    Posix(i32),
    Code(i32),
    Exit(i32),
    Eof,
    Refused(Refusal),
}

impl Ending {
    /// # Safety
    /// Inside a callback of the port or of one whose lock is the same; `stop` is called, so its slot must not be in use.
    pub unsafe fn perform(self, port: sys::ErlDrvPort) {
        match self {
            // SAFETY: the caller's promise, here and below; the VM only reads the name.
            Ending::Atom(atom) => unsafe { sys::driver_failure_atom(port, atom.as_ptr().cast_mut()) },
            // SAFETY: as above.
            Ending::Posix(errno) => unsafe { sys::driver_failure_posix(port, errno) },
            // SAFETY: as above.
            Ending::Code(code) => unsafe { sys::driver_failure(port, code) },
            // SAFETY: as above.
            Ending::Exit(code) => unsafe { sys::driver_exit(port, code) },
            // SAFETY: as above.
            Ending::Eof => unsafe { sys::driver_failure_eof(port) },
            Ending::Refused(refusal) => {
                let data = refused(refusal);
                // SAFETY: as above; the port is alive.
                unsafe { sys::erl_drv_init_ack(port, data) };
                0
            }
        };
    }

    /// The same as an answer of `start`, where a port cannot be ended yet.
    pub fn refusal(self) -> Refusal {
        match self {
            Ending::Refused(refusal) => refusal,
            Ending::Posix(errno) => Refusal::Errno(errno),
            _ => Refusal::General,
        }
    }
}

/// Ending the port. It happens when the callback returns, `stop` included; only the first of several counts. In
/// `start` it refuses to open the port, in `stop` it does nothing.
impl<Q> Port<'_, Q> {
    /// The port ends with an atom as the reason, in Latin-1.
    pub fn fail_atom(&self, reason: &CStr) {
        self.inner().end(Ending::Atom(reason.into()));
    }

    /// The port ends with the name of an errno as the reason, for example `enoent`.
    pub fn fail_posix(&self, errno: i32) {
        self.inner().end(Ending::Posix(errno));
    }

    /// The port ends with the reason `normal`. Opened with the setting `eof`, it only sends `{Port, eof}` and stays.
    pub fn fail_eof(&self) {
        self.inner().end(Ending::Eof);
    }

    /// The port ends with a number as the reason; 0 is [`fail_eof`](Port::fail_eof).
    pub fn fail(&self, code: i32) {
        self.inner().end(Ending::Code(code));
    }

    /// As [`fail`](Port::fail), but the owner is unlinked first and gets no exit signal.
    pub fn exit(&self, code: i32) {
        self.inner().end(Ending::Exit(code));
    }
}
