//! Monitors of processes.

use std::cmp::Ordering;
use std::ffi::c_void;

use erl_driver_sys as sys;

use super::Port;
use crate::Pid;

/// A monitor of a process.
#[derive(Clone, Copy, Debug)]
pub struct Monitor(pub(crate) sys::ErlDrvMonitor);

impl Ord for Monitor {
    fn cmp(&self, other: &Self) -> Ordering {
        // SAFETY: two monitors; the VM compares their bytes.
        unsafe { sys::driver_compare_monitors(&self.0, &other.0) }.cmp(&0)
    }
}

impl PartialOrd for Monitor {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Monitor {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Monitor {}

/// A process cannot be monitored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMonitored {
    /// The process has ended.
    Gone,
    /// The driver has no `process_exit`, or the port is closing.
    NoCallback,
}

/// Monitors. These functions take the port's data lock themselves: never use them while you hold it.
impl<Q> Port<'_, Q> {
    /// Monitors a process: `process_exit` is called when it ends.
    pub fn monitor(&self, process: Pid) -> Result<Monitor, NotMonitored> {
        let mut monitor = sys::ErlDrvMonitor { data: [0; size_of::<*mut c_void>() * 4] };
        // SAFETY: inside a callback of this port, here and below; there is room for the monitor.
        let status = unsafe { sys::driver_monitor_process(self.raw(), process.0, &mut monitor) };
        match status {
            0 => Ok(Monitor(monitor)),
            1.. => Err(NotMonitored::Gone),
            _ => Err(NotMonitored::NoCallback),
        }
    }

    /// Ends a monitor. False if it has fired already, even if `process_exit` is still to come.
    pub fn demonitor(&self, monitor: &Monitor) -> bool {
        // SAFETY: see `monitor`. A monitor that is not this port's is refused with an error that changes nothing.
        unsafe { sys::driver_demonitor_process(self.raw(), &monitor.0) == 0 }
    }

    /// The process that a monitor is on; in `process_exit`, the one that has ended.
    pub fn monitored(&self, monitor: &Monitor) -> Option<Pid> {
        // SAFETY: see `monitor`.
        let process = unsafe { sys::driver_get_monitored_process(self.raw(), &monitor.0) };
        // SAFETY: a constant of the VM.
        let nobody = unsafe { sys::driver_term_nil };
        (process != nobody).then_some(Pid(process))
    }
}
