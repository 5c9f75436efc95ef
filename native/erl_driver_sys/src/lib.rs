//! The part of `erl_driver.h`, driver API 3.3 (OTP 25 to 29), that Linkspan uses: layouts, constants, functions.
//!
//! Names are those of the header. No decisions are made here. Thread rules are those of the manual: *any thread*;
//! or *callback*: only inside a callback of the port, on the thread that runs it.
#![no_std]
#![allow(non_camel_case_types)] // the header's names

use core::ffi::{c_char, c_int, c_uint, c_ulong, c_void};

/// Pointer-sized signed integer of the emulator.
pub type ErlDrvSInt = isize;
/// Length of a buffer.
pub type ErlDrvSizeT = usize;
/// Length of a buffer or a negative error.
pub type ErlDrvSSizeT = isize;
/// A term, or one word of a term specification.
pub type ErlDrvTermData = usize;
/// What a driver keeps for a port.
pub type ErlDrvData = *mut c_void;
/// An event: on Unix a file descriptor.
pub type ErlDrvEvent = *mut c_void;
/// What `driver_async` hands back.
pub type ErlDrvThreadData = *mut c_void;
/// A thread.
pub type ErlDrvTid = *mut c_void;

/// The emulator's side of a port.
#[repr(C)]
#[derive(Debug)]
pub struct _ErlDrvPort {
    _opaque: [u8; 0],
}
/// A port, as callbacks know it.
pub type ErlDrvPort = *mut _ErlDrvPort;

/// A reference-counted binary; its bytes begin at `orig_bytes`.
#[repr(C)]
#[derive(Debug)]
pub struct ErlDrvBinary {
    /// Number of bytes.
    pub orig_size: ErlDrvSInt,
    /// First byte.
    pub orig_bytes: [c_char; 0],
}

/// One part of a vector.
#[repr(C)]
#[derive(Debug)]
pub struct SysIOVec {
    /// First byte.
    pub iov_base: *mut c_char,
    /// Number of bytes.
    pub iov_len: usize,
}

/// What `outputv` is given.
#[repr(C)]
#[derive(Debug)]
pub struct ErlIOVec {
    /// Number of parts.
    pub vsize: c_int,
    /// Bytes in all parts.
    pub size: ErlDrvSizeT,
    /// The parts.
    pub iov: *mut SysIOVec,
    /// The binary each part lies in, or null.
    pub binv: *mut *mut ErlDrvBinary,
}

/// A process monitor. May be copied; compare with `driver_compare_monitors`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ErlDrvMonitor {
    /// The emulator's.
    pub data: [u8; size_of::<*mut c_void>() * 4],
}

/// Options of `erl_drv_thread_create`.
#[repr(C)]
#[derive(Debug)]
pub struct ErlDrvThreadOpts {
    /// Stack size in kilowords; negative for the default.
    pub suggested_stack_size: c_int,
}

/// The driver's entry. Must be writable and live until the driver is unloaded.
#[repr(C)]
#[derive(Debug)]
pub struct ErlDrvEntry {
    /// The driver has been loaded.
    pub init: Option<unsafe extern "C" fn() -> c_int>,
    /// A port is opened.
    pub start: Option<unsafe extern "C" fn(ErlDrvPort, *mut c_char) -> ErlDrvData>,
    /// A port is closed.
    pub stop: Option<unsafe extern "C" fn(ErlDrvData)>,
    /// Output to the port.
    pub output: Option<unsafe extern "C" fn(ErlDrvData, *mut c_char, ErlDrvSizeT)>,
    /// An event can be read.
    pub ready_input: Option<unsafe extern "C" fn(ErlDrvData, ErlDrvEvent)>,
    /// An event can be written.
    pub ready_output: Option<unsafe extern "C" fn(ErlDrvData, ErlDrvEvent)>,
    /// The driver's name.
    pub driver_name: *mut c_char,
    /// The driver is about to be unloaded.
    pub finish: Option<unsafe extern "C" fn()>,
    /// The emulator's.
    pub handle: *mut c_void,
    /// `port_control/3`.
    pub control: Option<
        unsafe extern "C" fn(
            ErlDrvData,
            c_uint,
            *mut c_char,
            ErlDrvSizeT,
            *mut *mut c_char,
            ErlDrvSizeT,
        ) -> ErlDrvSSizeT,
    >,
    /// A timer.
    pub timeout: Option<unsafe extern "C" fn(ErlDrvData)>,
    /// Output to the port, as a vector.
    pub outputv: Option<unsafe extern "C" fn(ErlDrvData, *mut ErlIOVec)>,
    /// An asynchronous job is done.
    pub ready_async: Option<unsafe extern "C" fn(ErlDrvData, ErlDrvThreadData)>,
    /// The port closes and its queue is not empty.
    pub flush: Option<unsafe extern "C" fn(ErlDrvData)>,
    /// `erlang:port_call/3`.
    pub call: Option<
        unsafe extern "C" fn(
            ErlDrvData,
            c_uint,
            *mut c_char,
            ErlDrvSizeT,
            *mut *mut c_char,
            ErlDrvSizeT,
            *mut c_uint,
        ) -> ErlDrvSSizeT,
    >,
    /// Not used any more.
    pub unused_event_callback: Option<unsafe extern "C" fn()>,
    /// `ERL_DRV_EXTENDED_MARKER`.
    pub extended_marker: c_int,
    /// `ERL_DRV_EXTENDED_MAJOR_VERSION`.
    pub major_version: c_int,
    /// `ERL_DRV_EXTENDED_MINOR_VERSION`.
    pub minor_version: c_int,
    /// `ERL_DRV_FLAG_*`.
    pub driver_flags: c_int,
    /// The emulator's.
    pub handle2: *mut c_void,
    /// A monitored process has ended.
    pub process_exit: Option<unsafe extern "C" fn(ErlDrvData, *mut ErlDrvMonitor)>,
    /// An event is no longer in use.
    pub stop_select: Option<unsafe extern "C" fn(ErlDrvEvent, *mut c_void)>,
    /// The VM ends at once.
    pub emergency_close: Option<unsafe extern "C" fn(ErlDrvData)>,
}

const _: () = {
    assert!(size_of::<ErlDrvEntry>() == 22 * size_of::<*mut c_void>());
    assert!(size_of::<ErlIOVec>() == 4 * size_of::<*mut c_void>());
};

/// Marks an extended entry.
pub const ERL_DRV_EXTENDED_MARKER: c_int = 0xfeee_eeed_u32 as c_int;
/// Major version of the driver API.
pub const ERL_DRV_EXTENDED_MAJOR_VERSION: c_int = 3;
/// Minor version of the driver API.
pub const ERL_DRV_EXTENDED_MINOR_VERSION: c_int = 3;
/// Each port has a lock of its own.
pub const ERL_DRV_FLAG_USE_PORT_LOCKING: c_int = 1;
/// `start` refuses: `einval`.
pub const ERL_DRV_ERROR_GENERAL: ErlDrvData = -1_isize as ErlDrvData;
/// `start` refuses: `badarg`.
pub const ERL_DRV_ERROR_BADARG: ErlDrvData = -3_isize as ErlDrvData;
/// Results of `control` are binaries.
pub const PORT_CONTROL_FLAG_BINARY: c_int = 1;
/// The port was opened with `binary`.
pub const PORT_FLAG_BINARY: c_int = 1;

/// An atom.
pub const ERL_DRV_ATOM: ErlDrvTermData = 2;
/// A port.
pub const ERL_DRV_PORT: ErlDrvTermData = 4;
/// A binary: pointer, size, offset.
pub const ERL_DRV_BINARY: ErlDrvTermData = 5;
/// A list of bytes: pointer, length.
pub const ERL_DRV_STRING: ErlDrvTermData = 6;
/// A tuple: arity.
pub const ERL_DRV_TUPLE: ErlDrvTermData = 7;
/// A term in the external format: pointer, length.
pub const ERL_DRV_EXT2TERM: ErlDrvTermData = 12;
/// An unsigned word.
pub const ERL_DRV_UINT: ErlDrvTermData = 13;
/// A binary, copied: pointer, length.
pub const ERL_DRV_BUF2BINARY: ErlDrvTermData = 14;

unsafe extern "C" {
    /// Sets the flags of results of `control`. Callback.
    pub fn set_port_control_flags(port: ErlDrvPort, flags: c_int);
    /// The settings the port was opened with. Callback.
    pub fn get_port_flags(port: ErlDrvPort) -> c_int;
    /// Sets the port's timer, in milliseconds. Callback.
    pub fn driver_set_timer(port: ErlDrvPort, time: c_ulong) -> c_int;
    /// Tells the VM how much of a time slice the callback has used. Callback.
    pub fn erl_drv_consume_timeslice(port: ErlDrvPort, percent: c_int) -> c_int;
    /// Monitors a process. Callback.
    pub fn driver_monitor_process(port: ErlDrvPort, process: ErlDrvTermData, monitor: *mut ErlDrvMonitor) -> c_int;
    /// Ends a monitor. Callback.
    pub fn driver_demonitor_process(port: ErlDrvPort, monitor: *const ErlDrvMonitor) -> c_int;
    /// The process of a monitor that is active, or that `process_exit` tells of. Callback.
    pub fn driver_get_monitored_process(port: ErlDrvPort, monitor: *const ErlDrvMonitor) -> ErlDrvTermData;
    /// Ends the port; calls `stop` before it returns. Callback.
    pub fn driver_failure_atom(port: ErlDrvPort, string: *mut c_char) -> c_int;
    /// Makes a binary. Any thread.
    pub fn driver_alloc_binary(size: ErlDrvSizeT) -> *mut ErlDrvBinary;
    /// Gives up one reference to a binary. Any thread.
    pub fn driver_free_binary(bin: *mut ErlDrvBinary);
    /// Adds a reference to a binary. Any thread.
    pub fn driver_binary_inc_refc(bin: *mut ErlDrvBinary) -> ErlDrvSInt;
    /// Allocates memory. Any thread.
    pub fn driver_alloc(size: ErlDrvSizeT) -> *mut c_void;
    /// The atom of that name. Callback.
    pub fn driver_mk_atom(string: *mut c_char) -> ErlDrvTermData;
    /// The port as a term. Callback.
    pub fn driver_mk_port(port: ErlDrvPort) -> ErlDrvTermData;
    /// The process that called the driver. Callback.
    pub fn driver_caller(port: ErlDrvPort) -> ErlDrvTermData;
    /// Sends a term to the port's owner. Any thread.
    pub fn erl_drv_output_term(port: ErlDrvTermData, data: *mut ErlDrvTermData, len: c_int) -> c_int;
    /// Sends a term to a process. Any thread.
    pub fn erl_drv_send_term(port: ErlDrvTermData, to: ErlDrvTermData, data: *mut ErlDrvTermData, len: c_int) -> c_int;
    /// Keeps the driver loaded for the life of the VM. Callback.
    pub fn driver_lock_driver(port: ErlDrvPort) -> c_int;
    /// What stands for no process.
    pub static driver_term_nil: ErlDrvTermData;
    /// Starts a thread. Any thread.
    pub fn erl_drv_thread_create(
        name: *mut c_char,
        tid: *mut ErlDrvTid,
        func: Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>,
        args: *mut c_void,
        opts: *mut ErlDrvThreadOpts,
    ) -> c_int;
}
