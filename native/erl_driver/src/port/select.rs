//! Watching events on behalf of the port.

use std::sync::Arc;

use erl_driver_sys as sys;

use super::Port;
use crate::select::{self, AsEvent, Mode, NotSelected};

impl<Q> Port<'_, Q> {
    /// Starts (`on`) or stops watching an event: `ready_input` and `ready_output` are called whenever it is ready.
    ///
    /// With [`Mode::USE`] the event is in use until it is switched off with it; then, and not before, `stop_select` may
    /// close it. Closing an event in use makes the VM watch whatever gets its number next.
    pub fn select(&self, event: &impl AsEvent, mode: Mode, on: bool) -> Result<(), NotSelected> {
        // SAFETY: inside a callback of this port; the VM checks the event.
        let status = unsafe { sys::driver_select(self.raw(), event.as_event().as_raw(), mode.0, on.into()) };
        if status == 0 { Ok(()) } else { Err(NotSelected) }
    }

    /// Takes an event into use and watches it. Keeps `owner` until the VM has let go of the event, so that it is not
    /// closed before: [`release`](Port::release) it in `stop` or earlier. The driver must list `stop_select`.
    pub fn watch<T: AsEvent + Send + Sync + 'static>(&self, owner: &Arc<T>, mode: Mode) -> Result<(), NotSelected> {
        let event = owner.as_event();
        let known = select::keep(event, owner.clone());
        let selected = self.select(&event, mode | Mode::USE, true);
        if selected.is_err() {
            match known {
                Some(known) => drop(select::keep(event, known)),
                None => select::let_go(event),
            }
        }
        selected
    }

    /// Stops watching an event and takes it out of use.
    pub fn release(&self, event: &impl AsEvent) {
        // Fails if the event was not in use: then it is released already.
        let _ = self.select(event, Mode::READ | Mode::WRITE | Mode::USE, false);
    }
}
