//! Functions, in the order of the header: limits, events, output, timers, ending a port.

use core::ffi::{c_char, c_int, c_ulong};

use crate::{ErlDrvBinary, ErlDrvEvent, ErlDrvPort, ErlDrvSizeT, ErlIOVec};

unsafe extern "C" {
    /// Sets and reads the limits of the port's message queue. CB.
    pub fn erl_drv_busy_msgq_limits(port: ErlDrvPort, low: *mut ErlDrvSizeT, high: *mut ErlDrvSizeT);
    /// Watches an event, or stops watching it. Not zero: refused. CB.
    pub fn driver_select(port: ErlDrvPort, event: ErlDrvEvent, mode: c_int, on: c_int) -> c_int;
    /// Sends bytes to the port's owner. CB.
    pub fn driver_output(port: ErlDrvPort, buf: *mut c_char, len: ErlDrvSizeT) -> c_int;
    /// Sends a list of bytes and then bytes to the port's owner. CB.
    pub fn driver_output2(
        port: ErlDrvPort,
        hbuf: *mut c_char,
        hlen: ErlDrvSizeT,
        buf: *mut c_char,
        len: ErlDrvSizeT,
    ) -> c_int;
    /// Sends a list of bytes and then a part of a binary to the port's owner. CB.
    pub fn driver_output_binary(
        port: ErlDrvPort,
        hbuf: *mut c_char,
        hlen: ErlDrvSizeT,
        bin: *mut ErlDrvBinary,
        offset: ErlDrvSizeT,
        len: ErlDrvSizeT,
    ) -> c_int;
    /// Sends a list of bytes and then a vector to the port's owner. CB.
    pub fn driver_outputv(
        port: ErlDrvPort,
        hbuf: *mut c_char,
        hlen: ErlDrvSizeT,
        ev: *mut ErlIOVec,
        skip: ErlDrvSizeT,
    ) -> c_int;
    /// Copies a vector into a buffer; returns how many bytes. CB.
    pub fn driver_vec_to_buf(ev: *mut ErlIOVec, buf: *mut c_char, len: ErlDrvSizeT) -> ErlDrvSizeT;
    /// Sets the port's timer, in milliseconds. CB.
    pub fn driver_set_timer(port: ErlDrvPort, time: c_ulong) -> c_int;
    /// Cancels the port's timer. CB.
    pub fn driver_cancel_timer(port: ErlDrvPort) -> c_int;
    /// Reads how many milliseconds the port's timer has left. CB.
    pub fn driver_read_timer(port: ErlDrvPort, time_left: *mut c_ulong) -> c_int;
    /// Tells the VM how much of a time slice has been used; 1: all of it. CB.
    pub fn erl_drv_consume_timeslice(port: ErlDrvPort, percent: c_int) -> c_int;
    /// The name of an errno. CB.
    pub fn erl_errno_id(error: c_int) -> *mut c_char;
    /// Ends the port as if at the end of a file; calls `stop` before it returns. CB.
    pub fn driver_failure_eof(port: ErlDrvPort) -> c_int;
    /// Ends the port with an atom; calls `stop` before it returns. CB.
    pub fn driver_failure_atom(port: ErlDrvPort, string: *mut c_char) -> c_int;
    /// Ends the port with the name of an errno; calls `stop` before it returns. CB.
    pub fn driver_failure_posix(port: ErlDrvPort, error: c_int) -> c_int;
    /// Ends the port with the number as the reason, or `normal` for 0; calls `stop` before it returns. CB.
    pub fn driver_failure(port: ErlDrvPort, error: c_int) -> c_int;
    /// As `driver_failure`, and unlinks the owner first; calls `stop` before it returns. Undocumented: CB.
    pub fn driver_exit(port: ErlDrvPort, err: c_int) -> c_int;
}
