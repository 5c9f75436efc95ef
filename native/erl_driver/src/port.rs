//! A port inside one of its callbacks.

use std::cell::Cell;
use std::ffi::CStr;
use std::marker::PhantomData;

use erl_driver_sys as sys;

use crate::{Atom, Pid, PortId};

/// A port, for as long as one of its callbacks runs. It stays on the callback's thread.
#[derive(Debug)]
pub struct Port<'a> {
    raw: sys::ErlDrvPort,
    binary_answers: &'a Cell<bool>,
    not_send: PhantomData<*const ()>,
}

impl<'a> Port<'a> {
    pub(crate) fn new(raw: sys::ErlDrvPort, binary_answers: &'a Cell<bool>) -> Self {
        Port { raw, binary_answers, not_send: PhantomData }
    }

    /// The port's name for other threads.
    pub fn id(&self) -> PortId {
        // SAFETY: inside a callback of this port; here and below.
        PortId(unsafe { sys::driver_mk_port(self.raw) })
    }

    /// The process that called the driver; none outside of `start`, `outputv`, `control` and `call`, or if it is no
    /// process of this node.
    pub fn caller(&self) -> Option<Pid> {
        // SAFETY: see `id`.
        Pid::local(unsafe { sys::driver_caller(self.raw) })
    }

    /// The atom of that name, in Latin-1.
    pub fn atom(&self, name: &CStr) -> Atom {
        // SAFETY: see `id`; the VM only reads the name.
        Atom(unsafe { sys::driver_mk_atom(name.as_ptr().cast_mut()) })
    }

    /// From now on `port_control/3` returns binaries instead of lists.
    pub fn answer_binaries(&self) {
        self.binary_answers.set(true);
        // SAFETY: see `id`.
        unsafe { sys::set_port_control_flags(self.raw, sys::PORT_CONTROL_FLAG_BINARY) }
    }

    pub(crate) fn answers_binaries(&self) -> bool {
        self.binary_answers.get()
    }

    /// Whether the port was opened with the setting `binary`. Not yet known in `start`: the VM sets it afterwards.
    pub fn is_binary(&self) -> bool {
        // SAFETY: see `id`.
        let flags = unsafe { sys::get_port_flags(self.raw) };
        flags & sys::PORT_FLAG_BINARY != 0
    }

    /// Calls `timeout` after so many milliseconds, once. A port has one timer; setting it again replaces it.
    pub fn set_timer(&self, millis: u32) {
        // SAFETY: see `id`.
        unsafe { sys::driver_set_timer(self.raw, millis.into()) };
    }

    /// Gives up so many percent of the time slice of the process that called, 1 to 100.
    pub fn consume_timeslice(&self, percent: u8) {
        // SAFETY: see `id`.
        unsafe { sys::erl_drv_consume_timeslice(self.raw, percent.into()) };
    }

    /// Monitors a process: `process_exit` is called when it ends. None if it has ended already.
    pub fn monitor(&self, process: Pid) -> Option<Monitor> {
        let mut monitor = sys::ErlDrvMonitor { data: [0; _] };
        // SAFETY: see `id`; there is room for the monitor.
        let status = unsafe { sys::driver_monitor_process(self.raw, process.0, &mut monitor) };
        (status == 0).then_some(Monitor(monitor))
    }

    /// The process that a monitor is on; in `process_exit`, the one that has ended.
    pub fn monitored(&self, monitor: &Monitor) -> Option<Pid> {
        // SAFETY: see `id`.
        let process = unsafe { sys::driver_get_monitored_process(self.raw, &monitor.0) };
        // SAFETY: a constant of the VM.
        let nobody = unsafe { sys::driver_term_nil };
        (process != nobody).then_some(Pid(process))
    }

    /// Ends a monitor.
    pub fn demonitor(&self, monitor: &Monitor) {
        // SAFETY: see `id`. A monitor that has fired is refused with an error that changes nothing.
        unsafe { sys::driver_demonitor_process(self.raw, &monitor.0) };
    }

    /// Keeps the driver loaded for the life of the VM.
    pub fn lock_driver(&self) {
        // SAFETY: see `id`.
        unsafe { sys::driver_lock_driver(self.raw) };
    }
}

/// A monitor of a process.
#[derive(Clone, Copy, Debug)]
pub struct Monitor(pub(crate) sys::ErlDrvMonitor);
