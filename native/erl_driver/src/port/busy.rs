//! Back-pressure on those who write to the port.

use erl_driver_sys as sys;

use super::Port;

/// From how many bytes in the message queue on a port is busy, and from how many down no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusyLimits {
    /// No longer busy from here down.
    pub low: usize,
    /// Busy above.
    pub high: usize,
}

impl<Q> Port<'_, Q> {
    /// Makes the port busy, or not. Processes that write to a busy port are suspended.
    pub fn set_busy(&self, busy: bool) {
        // SAFETY: inside a callback of this port.
        unsafe { sys::set_busy_port(self.raw(), busy.into()) };
    }

    /// The limits of the message queue; none if it has none.
    pub fn busy_limits(&self) -> Option<BusyLimits> {
        self.limits(sys::ERL_DRV_BUSY_MSGQ_READ_ONLY, sys::ERL_DRV_BUSY_MSGQ_READ_ONLY)
    }

    /// Sets the limits of the message queue; returns those that hold now: the VM keeps `low` below `high`.
    pub fn set_busy_limits(&self, limits: BusyLimits) -> Option<BusyLimits> {
        let within = |limit: usize| limit.clamp(sys::ERL_DRV_BUSY_MSGQ_LIM_MIN, sys::ERL_DRV_BUSY_MSGQ_LIM_MAX);
        self.limits(within(limits.low), within(limits.high))
    }

    /// Takes the limits of the message queue away. For good: they cannot be set again.
    pub fn disable_busy_limits(&self) {
        self.limits(sys::ERL_DRV_BUSY_MSGQ_DISABLED, sys::ERL_DRV_BUSY_MSGQ_DISABLED);
    }

    fn limits(&self, mut low: usize, mut high: usize) -> Option<BusyLimits> {
        // SAFETY: inside a callback of this port; there is room for the answers.
        unsafe { sys::erl_drv_busy_msgq_limits(self.raw(), &mut low, &mut high) };
        (high != sys::ERL_DRV_BUSY_MSGQ_DISABLED).then_some(BusyLimits { low, high })
    }
}
