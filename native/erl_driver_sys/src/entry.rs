//! The structure that defines a driver.

use core::ffi::{c_char, c_int, c_uint, c_void};

use crate::{
    ErlDrvBinary, ErlDrvData, ErlDrvEvent, ErlDrvMonitor, ErlDrvPort, ErlDrvSSizeT, ErlDrvSizeT, ErlDrvSysInfo,
    ErlDrvThreadData, ErlIOVec, SysIOVec,
};

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
    const WORD: usize = size_of::<*mut c_void>();
    assert!(size_of::<ErlDrvEntry>() == 19 * WORD + 6 * size_of::<c_int>() || WORD != 8);
    assert!(size_of::<ErlIOVec>() == 4 * WORD);
    assert!(size_of::<SysIOVec>() == 2 * WORD);
    assert!(size_of::<ErlDrvBinary>() == WORD);
    assert!(size_of::<ErlDrvSysInfo>() == 56 || WORD != 8);
};
