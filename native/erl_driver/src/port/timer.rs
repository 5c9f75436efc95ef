//! The port's one timer.

use erl_driver_sys as sys;

use super::Port;

impl<Q> Port<'_, Q> {
    /// Calls `timeout` after so many milliseconds, once. A port has one timer; setting it again replaces it. Does
    /// nothing in a driver without `timeout`.
    pub fn set_timer(&self, millis: u32) {
        // SAFETY: inside a callback of this port; here and below.
        unsafe { sys::driver_set_timer(self.raw(), millis.into()) };
    }

    /// Cancels the timer.
    pub fn cancel_timer(&self) {
        // SAFETY: see `set_timer`.
        unsafe { sys::driver_cancel_timer(self.raw()) };
    }

    /// How many milliseconds the timer has left; 0 if it is not set.
    pub fn timer_left(&self) -> u64 {
        let mut left = 0;
        // SAFETY: see `set_timer`; there is room for the answer.
        unsafe { sys::driver_read_timer(self.raw(), &mut left) };
        #[allow(clippy::useless_conversion)] // `c_ulong` is narrower elsewhere
        left.into()
    }
}
