//! Erlang's time. Only on scheduler threads, which run all callbacks but `emergency_close`.

use erl_driver_sys as sys;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Seconds.
    Second,
    /// Milliseconds.
    Millisecond,
    /// Microseconds.
    Microsecond,
    /// Nanoseconds.
    Nanosecond,
}

impl Unit {
    fn raw(self) -> sys::ErlDrvTimeUnit {
        match self {
            Unit::Second => sys::ERL_DRV_SEC,
            Unit::Millisecond => sys::ERL_DRV_MSEC,
            Unit::Microsecond => sys::ERL_DRV_USEC,
            Unit::Nanosecond => sys::ERL_DRV_NSEC,
        }
    }
}

/// `erlang:monotonic_time/1`; none on other threads.
pub fn monotonic(unit: Unit) -> Option<i64> {
    // SAFETY: the VM checks the thread, here and below.
    valid(unsafe { sys::erl_drv_monotonic_time(unit.raw()) })
}

/// `erlang:time_offset/1`: added to monotonic time it gives system time. None on other threads.
pub fn offset(unit: Unit) -> Option<i64> {
    // SAFETY: as above.
    valid(unsafe { sys::erl_drv_time_offset(unit.raw()) })
}

/// `erlang:convert_time_unit/3`.
pub fn convert(time: i64, from: Unit, to: Unit) -> i64 {
    // SAFETY: a computation.
    unsafe { sys::erl_drv_convert_time_unit(time, from.raw(), to.raw()) }
}

fn valid(time: sys::ErlDrvTime) -> Option<i64> {
    (time != sys::ERL_DRV_TIME_ERROR).then_some(time)
}
