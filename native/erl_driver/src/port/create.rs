//! Ports that a driver opens itself.

use std::any::TypeId;
use std::ffi::CStr;

use erl_driver_sys as sys;

use super::{OtherPort, Port};
use crate::entry::Slot;
use crate::{Driver, Pid, QueueAccess};

/// A port could not be opened: its owner is dead, there are too many ports, or the driver is another one. Returns the
/// state that was meant for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotCreated<D>(pub D);

impl<Q: QueueAccess> Port<'_, Q> {
    /// Opens another port of this driver, linked to `owner`; `name` is what `erlang:port_info/2` shows. `start` is not
    /// called: `driver` is the new port's state. It must be of the type whose callback this is.
    pub fn create<D: Driver<Q>>(&self, owner: Pid, name: &CStr, driver: D) -> Result<OtherPort<'_, Q>, NotCreated<D>> {
        if self.inner().driver != TypeId::of::<D>() {
            return Err(NotCreated(driver));
        }
        let slot = Slot::<D, Q>::new(std::ptr::null_mut());
        // SAFETY: just made.
        unsafe { &*slot }.fill(driver);
        // SAFETY: inside a callback of this port; the name is copied, the slot is one of this driver's.
        let port = unsafe { sys::driver_create_port(self.raw(), owner.0, name.as_ptr().cast_mut(), slot.cast()) };
        if port.addr() as isize == -1 {
            // SAFETY: the VM has not taken the slot.
            let driver = unsafe { Slot::discard(slot) };
            return Err(NotCreated(driver.expect("put there above")));
        }
        // SAFETY: the new port's lock is held by the VM until this callback returns.
        let inner = unsafe { &raw const (*slot).inner };
        // SAFETY: as above.
        let other = unsafe { OtherPort::new(inner) };
        other.inner().port.set(port);
        if other.inner().make_lock().is_err() {
            other.fail_atom(c"enomem");
        }
        Ok(other)
    }
}
