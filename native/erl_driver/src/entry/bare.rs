//! Entries of drivers without `start`.

use std::ffi::{c_char, c_int, c_uint};
use std::marker::PhantomData;

use erl_driver_sys as sys;

use super::callback::lent;
use super::{Draft, locking};
use crate::reply::Room;
use crate::{BareDriver, Call, Control, Replied, Vector, panic};

/// The entry of a [`BareDriver`] under construction.
#[derive(Debug)]
pub struct BareEntry<D>(Draft, PhantomData<fn() -> D>);

/// One method for each callback.
macro_rules! callbacks {
    ($($callback:ident),*) => {$(
        #[doc = concat!("Gives [`BareDriver::", stringify!($callback), "`] to the VM.")]
        pub fn $callback(mut self) -> Self {
            self.0.raw.$callback = Some($callback::<D>);
            self
        }
    )*};
}

impl<D: BareDriver> BareEntry<D> {
    /// An entry without callbacks.
    pub fn new(name: impl AsRef<str>) -> Self {
        BareEntry(Draft::new(name.as_ref(), locking(D::LOCKING)), PhantomData)
    }

    callbacks!(init, finish, stop, output, outputv, control, call);
}

impl<D> From<BareEntry<D>> for Draft {
    fn from(entry: BareEntry<D>) -> Self {
        entry.0
    }
}

fn guarded<D, T>(callback: &'static str, f: impl FnOnce() -> T) -> Option<T> {
    panic::barrier(std::any::type_name::<D>(), callback, f)
}

unsafe extern "C" fn init<D: BareDriver>() -> c_int {
    match guarded::<D, _>("init", D::init) {
        Some(Ok(())) => 0,
        _ => -1,
    }
}

unsafe extern "C" fn finish<D: BareDriver>() {
    guarded::<D, _>("finish", D::finish);
}

unsafe extern "C" fn stop<D: BareDriver>(_data: sys::ErlDrvData) {
    guarded::<D, _>("stop", D::stop);
}

unsafe extern "C" fn output<D: BareDriver>(_data: sys::ErlDrvData, bytes: *mut c_char, len: sys::ErlDrvSizeT) {
    // SAFETY: the VM lends the bytes during the callback.
    let bytes = unsafe { lent(bytes, len) };
    guarded::<D, _>("output", || D::output(bytes));
}

unsafe extern "C" fn outputv<D: BareDriver>(_data: sys::ErlDrvData, vector: *mut sys::ErlIOVec) {
    // SAFETY: the vector is valid during the callback.
    let vector = unsafe { Vector::lent(vector) };
    guarded::<D, _>("outputv", || D::outputv(&vector));
}

unsafe extern "C" fn control<D: BareDriver>(
    _data: sys::ErlDrvData,
    operation: c_uint,
    body: *mut c_char,
    len: sys::ErlDrvSizeT,
    room: *mut *mut c_char,
    room_len: sys::ErlDrvSizeT,
) -> sys::ErlDrvSSizeT {
    // SAFETY: the VM lends the body during the callback.
    let body = unsafe { lent(body, len) };
    let answer = || {
        // SAFETY: the VM provides it.
        let vm = unsafe { Room::new(room, room_len) };
        let replied = D::control(operation, body, Control::new(vm, false));
        // SAFETY: the callback's room; a port without `start` cannot have asked for binaries.
        unsafe { replied.into_raw(room, false) }
    };
    guarded::<D, _>("control", answer).unwrap_or(Replied::REFUSED)
}

unsafe extern "C" fn call<D: BareDriver>(
    _data: sys::ErlDrvData,
    operation: c_uint,
    term: *mut c_char,
    len: sys::ErlDrvSizeT,
    room: *mut *mut c_char,
    room_len: sys::ErlDrvSizeT,
    flags: *mut c_uint,
) -> sys::ErlDrvSSizeT {
    // SAFETY: the VM lends the term during the callback.
    let term = unsafe { lent(term, len) };
    let answer = || {
        // SAFETY: the VM provides it.
        let vm = unsafe { Room::new(room, room_len) };
        // SAFETY: the VM provides them, and reads them when the callback has returned.
        let flags = unsafe { &mut *flags };
        let replied = D::call(operation, term, Call::new(vm, term, flags));
        // SAFETY: the callback's room.
        unsafe { replied.into_raw(room, false) }
    };
    guarded::<D, _>("call", answer).unwrap_or(Replied::REFUSED)
}
