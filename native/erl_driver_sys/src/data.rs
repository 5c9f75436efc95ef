//! Functions, in the order of the header: the data lock, monitors, settings, binaries, memory, the queue, drivers, the VM.

use core::ffi::{c_char, c_int, c_void};

use crate::{
    ErlDrvBinary, ErlDrvEntry, ErlDrvMonitor, ErlDrvPDL, ErlDrvPort, ErlDrvSInt, ErlDrvSizeT, ErlDrvSysInfo,
    ErlDrvTermData, ErlIOVec, SysIOVec,
};

unsafe extern "C" {
    /// Makes the port's data lock; null if it has one. CB.
    pub fn driver_pdl_create(port: ErlDrvPort) -> ErlDrvPDL;
    /// Locks a port's data. SAFE.
    pub fn driver_pdl_lock(pdl: ErlDrvPDL);
    /// Unlocks a port's data. SAFE.
    pub fn driver_pdl_unlock(pdl: ErlDrvPDL);
    /// How many references the lock has. SAFE.
    pub fn driver_pdl_get_refc(pdl: ErlDrvPDL) -> ErlDrvSInt;
    /// Adds a reference to the lock. SAFE.
    pub fn driver_pdl_inc_refc(pdl: ErlDrvPDL) -> ErlDrvSInt;
    /// Gives up a reference to the lock. SAFE.
    pub fn driver_pdl_dec_refc(pdl: ErlDrvPDL) -> ErlDrvSInt;
    /// Monitors a process. Above 0: it is gone; below: there is no `process_exit`. CB.
    pub fn driver_monitor_process(port: ErlDrvPort, process: ErlDrvTermData, monitor: *mut ErlDrvMonitor) -> c_int;
    /// Ends a monitor. CB.
    pub fn driver_demonitor_process(port: ErlDrvPort, monitor: *const ErlDrvMonitor) -> c_int;
    /// The process of a monitor that is active, or that `process_exit` tells of. CB.
    pub fn driver_get_monitored_process(port: ErlDrvPort, monitor: *const ErlDrvMonitor) -> ErlDrvTermData;
    /// Orders two monitors. CB.
    pub fn driver_compare_monitors(monitor1: *const ErlDrvMonitor, monitor2: *const ErlDrvMonitor) -> c_int;
    /// Makes the port busy or not: processes that write to a busy port are suspended. CB.
    pub fn set_busy_port(port: ErlDrvPort, on: c_int);
    /// Sets the flags of the results of `control`. CB.
    pub fn set_port_control_flags(port: ErlDrvPort, flags: c_int);
    /// The settings that the port was opened with. Undocumented: CB.
    pub fn get_port_flags(port: ErlDrvPort) -> c_int;
    /// Gives up a reference to a binary. SAFE.
    pub fn driver_free_binary(bin: *mut ErlDrvBinary);
    /// Makes a binary; null without memory. SAFE.
    pub fn driver_alloc_binary(size: ErlDrvSizeT) -> *mut ErlDrvBinary;
    /// Resizes a binary that has one reference; null without memory: then it is as it was. SAFE.
    pub fn driver_realloc_binary(bin: *mut ErlDrvBinary, size: ErlDrvSizeT) -> *mut ErlDrvBinary;
    /// How many references a binary has. SAFE.
    pub fn driver_binary_get_refc(dbp: *mut ErlDrvBinary) -> ErlDrvSInt;
    /// Adds a reference to a binary. SAFE.
    pub fn driver_binary_inc_refc(dbp: *mut ErlDrvBinary) -> ErlDrvSInt;
    /// Takes a reference from a binary; at 0 it is not freed. SAFE.
    pub fn driver_binary_dec_refc(dbp: *mut ErlDrvBinary) -> ErlDrvSInt;
    /// Frees memory. SAFE.
    pub fn driver_free(ptr: *mut c_void);
    /// Allocates memory; null without. SAFE.
    pub fn driver_alloc(size: ErlDrvSizeT) -> *mut c_void;
    /// Resizes memory; null without: then it is as it was. SAFE.
    pub fn driver_realloc(ptr: *mut c_void, size: ErlDrvSizeT) -> *mut c_void;
    /// Puts a copy of bytes at the end of the port's queue. PDL.
    pub fn driver_enq(port: ErlDrvPort, buf: *mut c_char, len: ErlDrvSizeT) -> c_int;
    /// Puts a copy of bytes at the head of the port's queue. PDL.
    pub fn driver_pushq(port: ErlDrvPort, buf: *mut c_char, len: ErlDrvSizeT) -> c_int;
    /// Removes bytes from the head of the port's queue; returns how many are left, or -1. PDL.
    pub fn driver_deq(port: ErlDrvPort, size: ErlDrvSizeT) -> ErlDrvSizeT;
    /// How many bytes the port's queue has, or -1. PDL.
    pub fn driver_sizeq(port: ErlDrvPort) -> ErlDrvSizeT;
    /// Puts a part of a binary at the end of the port's queue. PDL.
    pub fn driver_enq_bin(port: ErlDrvPort, bin: *mut ErlDrvBinary, offset: ErlDrvSizeT, len: ErlDrvSizeT) -> c_int;
    /// Puts a part of a binary at the head of the port's queue. PDL.
    pub fn driver_pushq_bin(port: ErlDrvPort, bin: *mut ErlDrvBinary, offset: ErlDrvSizeT, len: ErlDrvSizeT) -> c_int;
    /// Shows the port's queue as a vector; returns its bytes, or -1. PDL.
    pub fn driver_peekqv(port: ErlDrvPort, ev: *mut ErlIOVec) -> ErlDrvSizeT;
    /// Shows the port's queue as parts; null if there is none. PDL.
    pub fn driver_peekq(port: ErlDrvPort, vlen: *mut c_int) -> *mut SysIOVec;
    /// Puts a vector without its first bytes at the end of the port's queue. PDL.
    pub fn driver_enqv(port: ErlDrvPort, ev: *mut ErlIOVec, skip: ErlDrvSizeT) -> c_int;
    /// Puts a vector without its first bytes at the head of the port's queue. PDL.
    pub fn driver_pushqv(port: ErlDrvPort, ev: *mut ErlIOVec, skip: ErlDrvSizeT) -> c_int;
    /// Adds a driver that is in this library too. CB.
    pub fn add_driver_entry(de: *mut ErlDrvEntry);
    /// Removes a driver added by `add_driver_entry`; 0 if it was not there. CB.
    pub fn remove_driver_entry(de: *mut ErlDrvEntry) -> c_int;
    /// Fills in what the VM says of itself. Ends the VM if `sip` is null or smaller than through `smp_support`. CB.
    pub fn driver_system_info(sip: *mut ErlDrvSysInfo, si_size: usize);
}
