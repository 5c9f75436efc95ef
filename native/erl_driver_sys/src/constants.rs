//! Constants, in the order of the header, but for the tags of terms.

use core::ffi::c_int;

use crate::{ErlDrvData, ErlDrvSizeT, ErlDrvTime};

/// Watch for input.
pub const ERL_DRV_READ: c_int = 1;
/// Watch for room to write.
pub const ERL_DRV_WRITE: c_int = 2;
/// The event is in use: it may only be closed by `stop_select`.
pub const ERL_DRV_USE: c_int = 4;
/// The event is no longer in use; `stop_select` is not called if it need not be.
pub const ERL_DRV_USE_NO_CALLBACK: c_int = ERL_DRV_USE | (ERL_DRV_USE << 1);
/// Deprecated for `ERL_DRV_READ`.
pub const DO_READ: c_int = ERL_DRV_READ;
/// Deprecated for `ERL_DRV_WRITE`.
pub const DO_WRITE: c_int = ERL_DRV_WRITE;

/// Marks an extended entry.
pub const ERL_DRV_EXTENDED_MARKER: c_int = 0xfeee_eeed_u32 as c_int;
/// Major version of the driver API.
pub const ERL_DRV_EXTENDED_MAJOR_VERSION: c_int = 3;
/// Minor version of the driver API.
pub const ERL_DRV_EXTENDED_MINOR_VERSION: c_int = 3;
/// Drivers of an older major version are not loaded.
pub const ERL_DRV_MIN_REQUIRED_MAJOR_VERSION_ON_LOAD: c_int = 2;

/// Results of `control` are binaries.
pub const PORT_CONTROL_FLAG_BINARY: c_int = 1;
/// `control` takes long.
pub const PORT_CONTROL_FLAG_HEAVY: c_int = 2;
/// The port was opened with `binary`.
pub const PORT_FLAG_BINARY: c_int = 1;
/// The port was opened with `line`.
pub const PORT_FLAG_LINE: c_int = 2;

/// Each port has a lock of its own.
pub const ERL_DRV_FLAG_USE_PORT_LOCKING: c_int = 1;
/// Busy ports can be written to with `force`.
pub const ERL_DRV_FLAG_SOFT_BUSY: c_int = 2;
/// The message queues of ports have no limits.
pub const ERL_DRV_FLAG_NO_BUSY_MSGQ: c_int = 4;
/// `open_port` waits for `erl_drv_init_ack`.
pub const ERL_DRV_FLAG_USE_INIT_ACK: c_int = 8;

/// Not a time.
pub const ERL_DRV_TIME_ERROR: ErlDrvTime = ErlDrvTime::MIN;

/// `start` refuses: `einval`.
pub const ERL_DRV_ERROR_GENERAL: ErlDrvData = -1_isize as ErlDrvData;
/// `start` refuses: the name of `errno`.
pub const ERL_DRV_ERROR_ERRNO: ErlDrvData = -2_isize as ErlDrvData;
/// `start` refuses: `badarg`.
pub const ERL_DRV_ERROR_BADARG: ErlDrvData = -3_isize as ErlDrvData;

/// No limits.
pub const ERL_DRV_BUSY_MSGQ_DISABLED: ErlDrvSizeT = ErlDrvSizeT::MAX;
/// Leave a limit as it is, and read it.
pub const ERL_DRV_BUSY_MSGQ_READ_ONLY: ErlDrvSizeT = 0;
/// The highest limit.
pub const ERL_DRV_BUSY_MSGQ_LIM_MAX: ErlDrvSizeT = ERL_DRV_BUSY_MSGQ_DISABLED - 1;
/// The lowest limit.
pub const ERL_DRV_BUSY_MSGQ_LIM_MIN: ErlDrvSizeT = 1;
