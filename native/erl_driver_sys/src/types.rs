//! Types, in the order of `erl_drv_nif.h` and `erl_driver.h`.

use core::ffi::{c_char, c_int, c_uint, c_ulong, c_void};

/// What the VM says of itself; `driver_system_info` fills as much of it as it is told there is room for.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ErlDrvSysInfo {
    /// Major version of the driver API.
    pub driver_major_version: c_int,
    /// Minor version of the driver API.
    pub driver_minor_version: c_int,
    /// Version of the runtime system.
    pub erts_version: *mut c_char,
    /// Release of OTP.
    pub otp_release: *mut c_char,
    /// Not 0: there are threads.
    pub thread_support: c_int,
    /// Not 0: there may be several schedulers.
    pub smp_support: c_int,
    /// Number of threads for `driver_async`.
    pub async_threads: c_int,
    /// Number of schedulers.
    pub scheduler_threads: c_int,
    /// Major version of the NIF API.
    pub nif_major_version: c_int,
    /// Minor version of the NIF API.
    pub nif_minor_version: c_int,
    /// Not 0: there are dirty schedulers.
    pub dirty_scheduler_support: c_int,
}

/// Options of `erl_drv_thread_create`; made by `erl_drv_thread_opts_create`.
#[repr(C)]
#[derive(Debug)]
pub struct ErlDrvThreadOpts {
    /// Stack size in kilowords; negative for the default.
    pub suggested_stack_size: c_int,
}

/// A process monitor. May be copied; compare with `driver_compare_monitors`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ErlDrvMonitor {
    /// The emulator's.
    pub data: [u8; size_of::<*mut c_void>() * 4],
}

/// One part of a vector.
#[cfg(not(windows))]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SysIOVec {
    /// First byte.
    pub iov_base: *mut c_char,
    /// Number of bytes.
    pub iov_len: usize,
}

/// One part of a vector, laid out as a `WSABUF`.
#[cfg(windows)]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SysIOVec {
    /// Number of bytes.
    pub iov_len: c_ulong,
    /// First byte.
    pub iov_base: *mut c_char,
}

/// Unsigned integer of 64 bits.
pub type ErlDrvUInt64 = u64;
/// Signed integer of 64 bits.
pub type ErlDrvSInt64 = i64;
/// Unsigned integer as wide as a pointer.
pub type ErlDrvUInt = usize;
/// Signed integer as wide as a pointer.
pub type ErlDrvSInt = isize;
/// A term, or one word of a term specification.
pub type ErlDrvTermData = usize;
/// Length of a buffer.
pub type ErlDrvSizeT = usize;
/// Length of a buffer or a negative error.
pub type ErlDrvSSizeT = isize;

/// A reference-counted binary; its bytes begin at `orig_bytes`.
#[repr(C)]
#[derive(Debug)]
pub struct ErlDrvBinary {
    /// Number of bytes.
    pub orig_size: ErlDrvSInt,
    /// First byte.
    pub orig_bytes: [c_char; 0],
}

/// What a driver keeps for a port.
pub type ErlDrvData = *mut c_void;
/// An event: on Unix a file descriptor.
pub type ErlDrvEvent = *mut c_void;

/// The emulator's side of a port.
#[repr(C)]
#[derive(Debug)]
pub struct _ErlDrvPort {
    _opaque: [u8; 0],
}
/// A port, as callbacks know it.
pub type ErlDrvPort = *mut _ErlDrvPort;
/// What `driver_async` hands back.
pub type ErlDrvThreadData = *mut c_void;

/// A time since 1970.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ErlDrvNowData {
    /// Millions of seconds.
    pub megasecs: c_ulong,
    /// And seconds.
    pub secs: c_ulong,
    /// And microseconds.
    pub microsecs: c_ulong,
}

/// A time.
pub type ErlDrvTime = ErlDrvSInt64;

/// A unit of time: an enum of C.
pub type ErlDrvTimeUnit = c_uint;
/// Seconds.
pub const ERL_DRV_SEC: ErlDrvTimeUnit = 0;
/// Milliseconds.
pub const ERL_DRV_MSEC: ErlDrvTimeUnit = 1;
/// Microseconds.
pub const ERL_DRV_USEC: ErlDrvTimeUnit = 2;
/// Nanoseconds.
pub const ERL_DRV_NSEC: ErlDrvTimeUnit = 3;

/// What `outputv` is given.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
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

/// A thread.
pub type ErlDrvTid = *mut c_void;
/// A mutex.
#[repr(C)]
#[derive(Debug)]
pub struct ErlDrvMutex {
    _opaque: [u8; 0],
}
/// A condition variable.
#[repr(C)]
#[derive(Debug)]
pub struct ErlDrvCond {
    _opaque: [u8; 0],
}
/// A read-write lock.
#[repr(C)]
#[derive(Debug)]
pub struct ErlDrvRWLock {
    _opaque: [u8; 0],
}
/// A key for data of threads.
pub type ErlDrvTSDKey = c_int;

/// The emulator's side of a port's data lock.
#[repr(C)]
#[derive(Debug)]
pub struct _ErlDrvPDL {
    _opaque: [u8; 0],
}
/// A port's data lock.
pub type ErlDrvPDL = *mut _ErlDrvPDL;
