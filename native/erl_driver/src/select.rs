//! Events that the VM watches for drivers: on Unix, file descriptors.

use std::any::Any;
use std::collections::HashMap;
use std::ffi::c_int;
use std::ops::BitOr;
#[cfg(unix)]
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use erl_driver_sys as sys;

/// An event: on Unix the number of a file descriptor. Does not own it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Event(usize);

impl Event {
    pub(crate) fn from_raw(raw: sys::ErlDrvEvent) -> Self {
        Event(raw.addr())
    }

    pub(crate) fn as_raw(self) -> sys::ErlDrvEvent {
        ptr::without_provenance_mut(self.0)
    }

    /// The event of a file descriptor.
    #[cfg(unix)]
    pub fn of_fd(fd: RawFd) -> Self {
        Event(fd as isize as usize)
    }
}

#[cfg(unix)]
impl AsRawFd for Event {
    fn as_raw_fd(&self) -> RawFd {
        self.0 as RawFd
    }
}

/// What can be watched: an [`Event`], and all that has a file descriptor.
pub trait AsEvent {
    /// The event.
    fn as_event(&self) -> Event;
}

#[cfg(unix)]
impl<T: AsRawFd> AsEvent for T {
    fn as_event(&self) -> Event {
        Event::of_fd(self.as_raw_fd())
    }
}

/// What [`Port::select`](crate::Port::select) watches for. Join several with `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(pub(crate) c_int);

impl Mode {
    /// Something can be read.
    pub const READ: Mode = Mode(sys::ERL_DRV_READ);
    /// Something can be written.
    pub const WRITE: Mode = Mode(sys::ERL_DRV_WRITE);
    /// The event is in use.
    pub const USE: Mode = Mode(sys::ERL_DRV_USE);
    /// Only to switch off: as `USE`, but `stop_select` is not called if the event can be closed at once.
    pub const USE_NO_CALLBACK: Mode = Mode(sys::ERL_DRV_USE_NO_CALLBACK);
}

impl BitOr for Mode {
    type Output = Mode;

    fn bitor(self, other: Mode) -> Mode {
        Mode(self.0 | other.0)
    }
}

/// The VM refuses to watch an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSelected;

pub(crate) type Owner = Arc<dyn Any + Send + Sync>;

/// What keeps events open while they are in use.
static OWNERS: Mutex<Option<HashMap<Event, Owner>>> = Mutex::new(None);

/// Keeps an event open; returns what kept it so far.
pub(crate) fn keep(event: Event, owner: Owner) -> Option<Owner> {
    let mut owners = OWNERS.lock().unwrap_or_else(PoisonError::into_inner);
    owners.get_or_insert_default().insert(event, owner)
}

/// The VM no longer uses an event: nobody but the author does.
pub(crate) fn let_go(event: Event) {
    let mut owners = OWNERS.lock().unwrap_or_else(PoisonError::into_inner);
    let owner = owners.as_mut().and_then(|owners| owners.remove(&event));
    // Dropped without the lock: it may be the author's code.
    drop(owners);
    drop(owner);
}
