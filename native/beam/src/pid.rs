//! Local pids, which the NIF API and the driver API represent alike: as one immediate term.
#![allow(unsafe_code)] // neither API says so in types

use erl_driver::Pid;
use rustler::sys::ErlNifPid;
use rustler::{LocalPid, OwnedEnv};

/// The NIF API's form of a pid.
pub fn to_nif(pid: Pid) -> LocalPid {
    // SAFETY: `ErlNifPid` is a C struct with the term as its one field.
    LocalPid::from_c_arg(unsafe { std::mem::transmute::<usize, ErlNifPid>(pid.to_raw()) })
}

/// The driver API's form of a pid.
pub fn from_nif(pid: LocalPid) -> Pid {
    // SAFETY: as above.
    let raw = unsafe { std::mem::transmute::<ErlNifPid, usize>(*pid.as_c_arg()) };
    // SAFETY: the term of a local pid.
    unsafe { Pid::from_raw(raw) }
}

/// A local pid from its external format; none if it is something else.
pub fn from_external(external: &[u8]) -> Option<Pid> {
    OwnedEnv::new().run(|env| {
        let (term, _) = env.binary_to_term(external)?;
        term.decode::<LocalPid>().ok().map(from_nif)
    })
}
