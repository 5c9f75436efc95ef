//! Tags of terms, and functions in the order of the header: terms, ports, async jobs, time, libraries, environment.

use core::ffi::{c_char, c_int, c_long, c_uint, c_void};

use crate::{ErlDrvData, ErlDrvNowData, ErlDrvPort, ErlDrvSInt, ErlDrvTermData, ErlDrvTime, ErlDrvTimeUnit};

/// The return flag of `call` that says that the answer is in the buffer the VM owns.
pub const DRIVER_CALL_KEEP_BUFFER: c_uint = 1;

/// The empty list: nothing.
pub const ERL_DRV_NIL: ErlDrvTermData = 1;
/// An atom: what `driver_mk_atom` returns.
pub const ERL_DRV_ATOM: ErlDrvTermData = 2;
/// A signed word.
pub const ERL_DRV_INT: ErlDrvTermData = 3;
/// A port: what `driver_mk_port` returns.
pub const ERL_DRV_PORT: ErlDrvTermData = 4;
/// A part of a binary: pointer, size, offset.
pub const ERL_DRV_BINARY: ErlDrvTermData = 5;
/// A list of bytes: pointer, length.
pub const ERL_DRV_STRING: ErlDrvTermData = 6;
/// A tuple: arity.
pub const ERL_DRV_TUPLE: ErlDrvTermData = 7;
/// A list: how many terms make it, the tail included.
pub const ERL_DRV_LIST: ErlDrvTermData = 8;
/// Bytes in front of a list: pointer, length.
pub const ERL_DRV_STRING_CONS: ErlDrvTermData = 9;
/// A pid: what `driver_connected` or `driver_caller` returns.
pub const ERL_DRV_PID: ErlDrvTermData = 10;
/// A float: pointer.
pub const ERL_DRV_FLOAT: ErlDrvTermData = 11;
/// A term in the external format: pointer, length.
pub const ERL_DRV_EXT2TERM: ErlDrvTermData = 12;
/// An unsigned word.
pub const ERL_DRV_UINT: ErlDrvTermData = 13;
/// A binary, copied: pointer, length; the pointer may be null if the length is 0.
pub const ERL_DRV_BUF2BINARY: ErlDrvTermData = 14;
/// A signed integer of 64 bits: pointer.
pub const ERL_DRV_INT64: ErlDrvTermData = 15;
/// An unsigned integer of 64 bits: pointer.
pub const ERL_DRV_UINT64: ErlDrvTermData = 16;
/// A map: number of pairs.
pub const ERL_DRV_MAP: ErlDrvTermData = 17;

unsafe extern "C" {
    /// The atom of that name, in Latin-1; made if it is new. CB.
    pub fn driver_mk_atom(string: *mut c_char) -> ErlDrvTermData;
    /// The port as a term. CB.
    pub fn driver_mk_port(port: ErlDrvPort) -> ErlDrvTermData;
    /// The port's owner. CB.
    pub fn driver_connected(port: ErlDrvPort) -> ErlDrvTermData;
    /// The process that called the driver. CB.
    pub fn driver_caller(port: ErlDrvPort) -> ErlDrvTermData;
    /// The empty list; also stands for no process.
    pub static driver_term_nil: ErlDrvTermData;
    /// The empty list. Undocumented: CB.
    pub fn driver_mk_term_nil() -> ErlDrvTermData;
    /// Opens another port of the same driver, without `start`; `ERTS_INVALID_ERL_DRV_PORT` (-1) if it cannot. CB.
    pub fn driver_create_port(
        creator_port: ErlDrvPort,
        connected: ErlDrvTermData,
        name: *mut c_char,
        drv_data: ErlDrvData,
    ) -> ErlDrvPort;
    /// Deprecated for `erl_drv_output_term`. CB.
    pub fn driver_output_term(ix: ErlDrvPort, data: *mut ErlDrvTermData, len: c_int) -> c_int;
    /// Deprecated for `erl_drv_send_term`. CB.
    pub fn driver_send_term(ix: ErlDrvPort, to: ErlDrvTermData, data: *mut ErlDrvTermData, len: c_int) -> c_int;
    /// Sends a term to the port's owner. 1: sent, 0: nobody there, -1: no term or no port. SAFE.
    pub fn erl_drv_output_term(port: ErlDrvTermData, data: *mut ErlDrvTermData, len: c_int) -> c_int;
    /// Sends a term to a process; results as of `erl_drv_output_term`. SAFE.
    pub fn erl_drv_send_term(port: ErlDrvTermData, to: ErlDrvTermData, data: *mut ErlDrvTermData, len: c_int) -> c_int;
    /// A key for `driver_async`, the same for all jobs of the port. CB.
    pub fn driver_async_port_key(port: ErlDrvPort) -> c_uint;
    /// Runs a job on an async thread; jobs with the same key in order. Then `ready_async`, or `async_free` if the port is gone. -1: refused. CB.
    pub fn driver_async(
        ix: ErlDrvPort,
        key: *mut c_uint,
        async_invoke: Option<unsafe extern "C" fn(*mut c_void)>,
        async_data: *mut c_void,
        async_free: Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> c_long;
    /// Keeps the driver loaded for the life of the VM. CB.
    pub fn driver_lock_driver(ix: ErlDrvPort) -> c_int;
    /// Deprecated for `erl_drv_monotonic_time`. CB.
    pub fn driver_get_now(now: *mut ErlDrvNowData) -> c_int;
    /// Erlang's monotonic time; `ERL_DRV_TIME_ERROR` if not on a scheduler thread. CB.
    pub fn erl_drv_monotonic_time(time_unit: ErlDrvTimeUnit) -> ErlDrvTime;
    /// What to add to monotonic time for system time; `ERL_DRV_TIME_ERROR` if not on a scheduler thread. CB.
    pub fn erl_drv_time_offset(time_unit: ErlDrvTimeUnit) -> ErlDrvTime;
    /// Converts a time. CB.
    pub fn erl_drv_convert_time_unit(val: ErlDrvTime, from: ErlDrvTimeUnit, to: ErlDrvTimeUnit) -> ErlDrvTime;
    /// Opens a library. Undocumented: CB.
    pub fn driver_dl_open(name: *mut c_char) -> *mut c_void;
    /// Finds a symbol of a library. Undocumented: CB.
    pub fn driver_dl_sym(handle: *mut c_void, name: *mut c_char) -> *mut c_void;
    /// Closes a library. Undocumented: CB.
    pub fn driver_dl_close(handle: *mut c_void) -> c_int;
    /// What was wrong. Undocumented: CB.
    pub fn driver_dl_error() -> *mut c_char;
    /// Sets an environment variable as `os:putenv/2`. SAFE.
    pub fn erl_drv_putenv(key: *const c_char, value: *mut c_char) -> c_int;
    /// Reads an environment variable as `os:getenv/1`. 1: too long, `value_size` says how long; -1: not set. SAFE.
    pub fn erl_drv_getenv(key: *const c_char, value: *mut c_char, value_size: *mut usize) -> c_int;
    /// Lets `open_port` return, for drivers with `ERL_DRV_FLAG_USE_INIT_ACK`; `res` becomes the port's data, or refuses. CB.
    pub fn erl_drv_init_ack(ix: ErlDrvPort, res: ErlDrvData);
    /// Sets the `os_pid` that `erlang:port_info/2` shows. CB.
    pub fn erl_drv_set_os_pid(ix: ErlDrvPort, pid: ErlDrvSInt);
}
