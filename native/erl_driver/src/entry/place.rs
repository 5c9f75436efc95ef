//! Where the VM finds the entry of a loaded driver, in memory that it may write to.

use std::cell::UnsafeCell;
use std::ffi::CString;
use std::ptr;

use erl_driver_sys as sys;

use super::Draft;
use crate::panic;

/// Keeps the entry of a driver while it is loaded.
#[doc(hidden)]
#[derive(Debug)]
pub struct Place(UnsafeCell<Option<(CString, sys::ErlDrvEntry)>>);

// SAFETY: the VM calls `driver_init`, and reads and writes the entry, under its own lock.
unsafe impl Sync for Place {}

impl Place {
    /// Nothing yet.
    #[allow(clippy::new_without_default)] // a static
    pub const fn new() -> Self {
        Place(UnsafeCell::new(None))
    }

    /// Makes the entry anew: a library that was pinned in memory is loaded again with its old statics.
    pub fn load<E: Into<Draft>>(&'static self, entry: impl FnOnce() -> E) -> *mut sys::ErlDrvEntry {
        let Some(Draft { raw, name }) = panic::barrier("driver", "driver_init", || entry().into()) else {
            return ptr::null_mut();
        };
        // SAFETY: called by the VM alone, while no driver of this library is loaded.
        let place = unsafe { &mut *self.0.get() };
        let (name, entry) = place.insert((name, raw));
        entry.driver_name = name.as_ptr().cast_mut();
        entry
    }
}
