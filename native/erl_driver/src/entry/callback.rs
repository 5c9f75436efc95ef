//! The functions that the VM calls: each hands over to the driver behind the barrier of its slot.

use std::ffi::{CStr, c_char, c_int, c_uint};

use erl_driver_sys as sys;

use super::slot::Slot;
use crate::reply::Room;
use crate::{Call, Control, Driver, Event, Job, Monitor, QueueAccess, Refusal, Replied, Vector, panic, select, system};

/// Reads what the VM lends to a callback.
///
/// # Safety
/// `data` must be valid for `len` bytes while the callback runs.
#[inline]
pub unsafe fn lent<'a>(data: *const c_char, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data.cast(), len) }
}

pub unsafe extern "C" fn init<D: Driver<Q>, Q: QueueAccess>() -> c_int {
    match panic::barrier(std::any::type_name::<D>(), "init", D::init) {
        Some(Ok(())) => 0,
        _ => -1,
    }
}

pub unsafe extern "C" fn finish<D: Driver<Q>, Q: QueueAccess>() {
    panic::barrier(std::any::type_name::<D>(), "finish", D::finish);
}

pub unsafe extern "C" fn emergency_close<D: Driver<Q>, Q: QueueAccess>(_data: sys::ErlDrvData) {
    panic::barrier(std::any::type_name::<D>(), "emergency_close", D::emergency_close);
}

pub unsafe extern "C" fn stop_select<D: Driver<Q>, Q: QueueAccess>(
    event: sys::ErlDrvEvent,
    _reserved: *mut std::ffi::c_void,
) {
    let event = Event::from_raw(event);
    panic::barrier(std::any::type_name::<D>(), "stop_select", || {
        select::let_go(event);
        D::stop_select(event);
    });
}

pub unsafe extern "C" fn start<D: Driver<Q>, Q: QueueAccess>(
    port: sys::ErlDrvPort,
    command: *mut c_char,
) -> sys::ErlDrvData {
    // SAFETY: the VM gives a string that ends with a zero.
    let command = unsafe { CStr::from_ptr(command) };
    let slot = Slot::<D, Q>::new(port);
    // SAFETY: a new slot, in `start`.
    match unsafe { Slot::start(slot, |port| D::start(port, command.to_bytes())) } {
        Ok(()) => slot.cast(),
        Err(refusal) => refused(refusal),
    }
}

/// What `start` returns to refuse.
pub fn refused(refusal: Refusal) -> sys::ErlDrvData {
    match refusal {
        Refusal::General => sys::ERL_DRV_ERROR_GENERAL,
        Refusal::Badarg => sys::ERL_DRV_ERROR_BADARG,
        Refusal::Errno(errno) => {
            system::set_errno(errno);
            sys::ERL_DRV_ERROR_ERRNO
        }
    }
}

pub unsafe extern "C" fn stop<D: Driver<Q>, Q: QueueAccess>(data: sys::ErlDrvData) {
    // SAFETY: `data` came from `start`, and the VM gives it up here.
    unsafe { Slot::<D, Q>::stop(data) };
}

pub unsafe extern "C" fn flush<D: Driver<Q>, Q: QueueAccess>(data: sys::ErlDrvData) {
    // SAFETY: the VM calls.
    unsafe { Slot::<D, Q>::run(data, "flush", |driver, port| driver.flush(port)) };
}

pub unsafe extern "C" fn timeout<D: Driver<Q>, Q: QueueAccess>(data: sys::ErlDrvData) {
    // SAFETY: the VM calls.
    unsafe { Slot::<D, Q>::run(data, "timeout", |driver, port| driver.timeout(port)) };
}

pub unsafe extern "C" fn output<D: Driver<Q>, Q: QueueAccess>(
    data: sys::ErlDrvData,
    bytes: *mut c_char,
    len: sys::ErlDrvSizeT,
) {
    // SAFETY: the VM lends the bytes during the callback.
    let bytes = unsafe { lent(bytes, len) };
    // SAFETY: the VM calls.
    unsafe { Slot::<D, Q>::run(data, "output", |driver, port| driver.output(port, bytes)) };
}

pub unsafe extern "C" fn outputv<D: Driver<Q>, Q: QueueAccess>(data: sys::ErlDrvData, vector: *mut sys::ErlIOVec) {
    // SAFETY: the vector is valid during the callback.
    let vector = unsafe { Vector::lent(vector) };
    // SAFETY: the VM calls.
    unsafe { Slot::<D, Q>::run(data, "outputv", |driver, port| driver.outputv(port, &vector)) };
}

pub unsafe extern "C" fn ready_input<D: Driver<Q>, Q: QueueAccess>(data: sys::ErlDrvData, event: sys::ErlDrvEvent) {
    let event = Event::from_raw(event);
    // SAFETY: the VM calls.
    unsafe { Slot::<D, Q>::run(data, "ready_input", |driver, port| driver.ready_input(port, event)) };
}

pub unsafe extern "C" fn ready_output<D: Driver<Q>, Q: QueueAccess>(data: sys::ErlDrvData, event: sys::ErlDrvEvent) {
    let event = Event::from_raw(event);
    // SAFETY: the VM calls.
    unsafe { Slot::<D, Q>::run(data, "ready_output", |driver, port| driver.ready_output(port, event)) };
}

pub unsafe extern "C" fn ready_async<D: Driver<Q>, Q: QueueAccess>(data: sys::ErlDrvData, job: sys::ErlDrvThreadData) {
    // SAFETY: the VM hands back what `run_async` gave it, once.
    let result = unsafe { Job::done(job) };
    let ready = |driver: &mut D, port: &crate::Port<'_, Q>| match result {
        Some(result) => driver.ready_async(port, result),
        // The hook has been told on the job's thread.
        None => port.fail_atom(c"panic"),
    };
    // SAFETY: the VM calls.
    unsafe { Slot::<D, Q>::run(data, "ready_async", ready) };
}

pub unsafe extern "C" fn process_exit<D: Driver<Q>, Q: QueueAccess>(
    data: sys::ErlDrvData,
    monitor: *mut sys::ErlDrvMonitor,
) {
    // SAFETY: the VM gives a valid monitor, which may be copied.
    let monitor = Monitor(unsafe { *monitor });
    // SAFETY: the VM calls.
    unsafe { Slot::<D, Q>::run_before_end(data, "process_exit", |driver, port| driver.process_exit(port, monitor)) };
}

pub unsafe extern "C" fn control<D: Driver<Q>, Q: QueueAccess>(
    data: sys::ErlDrvData,
    operation: c_uint,
    body: *mut c_char,
    len: sys::ErlDrvSizeT,
    room: *mut *mut c_char,
    room_len: sys::ErlDrvSizeT,
) -> sys::ErlDrvSSizeT {
    // SAFETY: the VM lends the body during the callback.
    let body = unsafe { lent(body, len) };
    let answer = |driver: &mut D, port: &crate::Port<'_, Q>| {
        // SAFETY: the VM provides it.
        let vm = unsafe { Room::new(room, room_len) };
        let replied = driver.control(port, operation, body, Control::new(vm, port.answers_binaries()));
        // SAFETY: the callback's room; nothing but `stop` runs before the VM takes the answer.
        unsafe { replied.into_raw(room, port.answers_binaries()) }
    };
    // SAFETY: the VM calls.
    let replied = unsafe { Slot::<D, Q>::run(data, "control", answer) };
    replied.unwrap_or(Replied::REFUSED)
}

pub unsafe extern "C" fn call<D: Driver<Q>, Q: QueueAccess>(
    data: sys::ErlDrvData,
    operation: c_uint,
    term: *mut c_char,
    len: sys::ErlDrvSizeT,
    room: *mut *mut c_char,
    room_len: sys::ErlDrvSizeT,
    flags: *mut c_uint,
) -> sys::ErlDrvSSizeT {
    // SAFETY: the VM lends the term during the callback.
    let term = unsafe { lent(term, len) };
    let answer = |driver: &mut D, port: &crate::Port<'_, Q>| {
        // SAFETY: the VM provides it.
        let vm = unsafe { Room::new(room, room_len) };
        // SAFETY: the VM provides them, and reads them when the callback has returned.
        let flags = unsafe { &mut *flags };
        let replied = driver.call(port, operation, term, Call::new(vm, term, flags));
        // SAFETY: the callback's room.
        unsafe { replied.into_raw(room, false) }
    };
    // SAFETY: the VM calls.
    let replied = unsafe { Slot::<D, Q>::run(data, "call", answer) };
    replied.unwrap_or(Replied::REFUSED)
}
