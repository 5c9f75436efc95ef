//! The entry that the VM loads and the functions it calls. What is public here is for [`driver!`](crate::driver).

use std::cell::Cell;
use std::ffi::{c_char, c_uint};
use std::panic::{self, AssertUnwindSafe};
use std::ptr;

pub use erl_driver_sys as sys;

use crate::{Control, Driver, Monitor, Port, Refusal, Replied, Vector};

/// Makes `driver_init` for a driver: `driver!(Type, "name": control, outputv, ...)`. `start` and `stop` are always
/// there; callbacks that are not listed are NULL in the entry, which the VM treats in its own way.
#[macro_export]
macro_rules! driver {
    ($driver:ty, $name:literal: $($callback:ident),* $(,)?) => {
        /// The symbol that `erl_ddll` looks for.
        #[unsafe(no_mangle)]
        pub extern "C" fn driver_init() -> *mut $crate::entry::sys::ErlDrvEntry {
            static ENTRY: $crate::entry::Entry = $crate::entry::Entry::new({
                let mut entry = $crate::entry::empty::<$driver>(concat!($name, "\0"));
                $(entry.$callback = Some($crate::entry::$callback::<$driver>);)*
                entry
            });
            ENTRY.get()
        }
    };
}

/// An entry in writable memory, as the VM demands.
pub struct Entry(Cell<sys::ErlDrvEntry>);

// SAFETY: only the VM reads and writes the entry, under its own lock.
unsafe impl Sync for Entry {}

impl Entry {
    /// Keeps an entry.
    pub const fn new(entry: sys::ErlDrvEntry) -> Self {
        Entry(Cell::new(entry))
    }

    /// What `driver_init` returns.
    pub fn get(&'static self) -> *mut sys::ErlDrvEntry {
        self.0.as_ptr()
    }
}

/// An entry with nothing but `start` and `stop`. `name` ends with a zero.
pub const fn empty<D: Driver>(name: &'static str) -> sys::ErlDrvEntry {
    sys::ErlDrvEntry {
        init: None,
        start: Some(start::<D>),
        stop: Some(stop::<D>),
        output: None,
        ready_input: None,
        ready_output: None,
        driver_name: name.as_ptr().cast::<c_char>().cast_mut(),
        finish: None,
        handle: ptr::null_mut(),
        control: None,
        timeout: None,
        outputv: None,
        ready_async: None,
        flush: None,
        call: None,
        unused_event_callback: None,
        extended_marker: sys::ERL_DRV_EXTENDED_MARKER,
        major_version: sys::ERL_DRV_EXTENDED_MAJOR_VERSION,
        minor_version: sys::ERL_DRV_EXTENDED_MINOR_VERSION,
        driver_flags: sys::ERL_DRV_FLAG_USE_PORT_LOCKING,
        handle2: ptr::null_mut(),
        process_exit: None,
        stop_select: None,
        emergency_close: None,
    }
}

/// What the VM keeps for a port: its handle and the driver's state.
struct Slot<D> {
    port: sys::ErlDrvPort,
    binary_answers: Cell<bool>,
    driver: D,
}

/// Runs the body of a callback; a panic does not leave it.
#[allow(clippy::disallowed_methods)] // the one unwind barrier of a driver
fn barrier<T>(f: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(f)).ok()
}

/// Runs a callback of an open port. After a panic the port is ended.
///
/// # Safety
/// `data` must be what `start::<D>` returned, and the caller the VM, inside a callback of that port.
unsafe fn within<D: Driver, T>(data: sys::ErlDrvData, f: impl FnOnce(&mut D, &Port<'_>) -> T) -> Option<T> {
    let slot = data.cast::<Slot<D>>();
    // SAFETY: the caller's promise; the port's lock makes this the only reference. It ends before the port does.
    let Slot { port, binary_answers, driver } = unsafe { &mut *slot };
    let handle = *port;
    let result = barrier(|| f(driver, &Port::new(handle, binary_answers)));
    if result.is_none() {
        // SAFETY: in a callback of the port, and the last use of it here: `stop` runs and frees the slot meanwhile.
        unsafe { sys::driver_failure_atom(handle, c"panic".as_ptr().cast_mut()) };
    }
    result
}

/// Reads what the VM lends to a callback.
///
/// # Safety
/// `data` must be valid for `len` bytes while the callback runs.
unsafe fn lent<'a>(data: *const c_char, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data.cast(), len) }
}

unsafe extern "C" fn start<D: Driver>(port: sys::ErlDrvPort, command: *mut c_char) -> sys::ErlDrvData {
    let binary_answers = Cell::new(false);
    let started = barrier(|| {
        // SAFETY: the VM gives a string that ends with a zero.
        let command = unsafe { std::ffi::CStr::from_ptr(command) };
        D::start(&Port::new(port, &binary_answers), command.to_bytes())
    });
    match started {
        Some(Ok(driver)) => Box::into_raw(Box::new(Slot { port, binary_answers, driver })).cast(),
        Some(Err(Refusal::Badarg)) => sys::ERL_DRV_ERROR_BADARG,
        Some(Err(Refusal::General)) | None => sys::ERL_DRV_ERROR_GENERAL,
    }
}

unsafe extern "C" fn stop<D: Driver>(data: sys::ErlDrvData) {
    // SAFETY: `data` came from `start`, and the VM gives it up here.
    let slot = unsafe { Box::from_raw(data.cast::<Slot<D>>()) };
    let Slot { port, binary_answers, driver } = *slot;
    barrier(|| driver.stop(&Port::new(port, &binary_answers)));
}

/// See [`Driver::outputv`].
///
/// # Safety
/// For the VM only.
pub unsafe extern "C" fn outputv<D: Driver>(data: sys::ErlDrvData, vector: *mut sys::ErlIOVec) {
    // SAFETY: the vector is valid during the callback.
    let vector = unsafe { Vector::new(vector) };
    // SAFETY: the VM calls.
    unsafe { within::<D, _>(data, |driver, port| driver.outputv(port, &vector)) };
}

/// See [`Driver::control`].
///
/// # Safety
/// For the VM only.
pub unsafe extern "C" fn control<D: Driver>(
    data: sys::ErlDrvData,
    operation: c_uint,
    body: *mut c_char,
    len: sys::ErlDrvSizeT,
    room: *mut *mut c_char,
    room_len: sys::ErlDrvSizeT,
) -> sys::ErlDrvSSizeT {
    // SAFETY: the VM lends the body during the callback.
    let body = unsafe { lent(body, len) };
    let answer = |driver: &mut D, port: &Port<'_>| {
        // SAFETY: the VM provides the room, and takes answers in this form.
        let reply = unsafe { Control::new(room, room_len, port.answers_binaries()) };
        driver.control(port, operation, body, reply)
    };
    // SAFETY: the VM calls.
    let replied = unsafe { within::<D, _>(data, answer) };
    replied.map_or(-1, Replied::into_raw)
}

/// See [`Driver::call`].
///
/// # Safety
/// For the VM only.
pub unsafe extern "C" fn call<D: Driver>(
    data: sys::ErlDrvData,
    operation: c_uint,
    term: *mut c_char,
    len: sys::ErlDrvSizeT,
    room: *mut *mut c_char,
    room_len: sys::ErlDrvSizeT,
    _flags: *mut c_uint,
) -> sys::ErlDrvSSizeT {
    // SAFETY: the VM lends the term during the callback.
    let term = unsafe { lent(term, len) };
    let answer = |driver: &mut D, port: &Port<'_>| {
        // SAFETY: the VM provides the room, and takes answers in this form.
        let reply = unsafe { Control::new(room, room_len, false) };
        driver.call(port, operation, term, reply)
    };
    // SAFETY: the VM calls.
    let replied = unsafe { within::<D, _>(data, answer) };
    replied.map_or(-1, Replied::into_raw)
}

/// See [`Driver::timeout`].
///
/// # Safety
/// For the VM only.
pub unsafe extern "C" fn timeout<D: Driver>(data: sys::ErlDrvData) {
    // SAFETY: the VM calls.
    unsafe { within::<D, _>(data, |driver, port| driver.timeout(port)) };
}

/// See [`Driver::process_exit`].
///
/// # Safety
/// For the VM only.
pub unsafe extern "C" fn process_exit<D: Driver>(data: sys::ErlDrvData, monitor: *mut sys::ErlDrvMonitor) {
    // SAFETY: the VM gives a valid monitor, which may be copied.
    let monitor = Monitor(unsafe { *monitor });
    // SAFETY: the VM calls.
    unsafe { within::<D, _>(data, |driver, port| driver.process_exit(port, monitor)) };
}

/// See [`Driver::finish`].
///
/// # Safety
/// For the VM only.
pub unsafe extern "C" fn finish<D: Driver>() {
    barrier(D::finish);
}
