//! The entry that the VM loads: which callbacks it has, its flags, its name.

mod bare;
mod callback;
mod inner;
mod place;
mod slot;

use std::ffi::CString;
use std::marker::PhantomData;
use std::ptr;

use erl_driver_sys as sys;

pub use self::bare::BareEntry;
pub(crate) use self::callback::refused;
pub(crate) use self::inner::{Alive, Inner};
pub use self::place::Place;
pub(crate) use self::slot::Slot;
use crate::{Driver, Locking, NoLock, QueueAccess};

/// Makes `driver_init` for a driver: `driver!(Type, "name": start, control, outputv, ...)`.
///
/// Callbacks that are not listed are NULL in the entry, which the VM treats in its own way: without `control`,
/// `port_control/3` fails with `badarg`, and so on. `start` and `stop` are always there and need not be listed. Without
/// a name it is that of the crate.
///
/// `driver!(load)` calls `fn load() -> Entry<Type>` whenever the driver is loaded: for a name or callbacks that are
/// chosen then.
#[macro_export]
macro_rules! driver {
    ($driver:ty, $name:literal: $($callback:ident),* $(,)?) => {
        $crate::__driver_init!($crate::Entry::<$driver, _>::new($name) $(.$callback())*);
    };
    ($driver:ty: $($callback:ident),* $(,)?) => {
        $crate::__driver_init!($crate::Entry::<$driver, _>::new(env!("CARGO_CRATE_NAME")) $(.$callback())*);
    };
    ($load:path) => {
        $crate::__driver_init!($load());
    };
}

/// Makes `driver_init` for a [`BareDriver`](crate::BareDriver): `bare_driver!(Type, "name": control, call)`.
#[macro_export]
macro_rules! bare_driver {
    ($driver:ty, $name:literal: $($callback:ident),* $(,)?) => {
        $crate::__driver_init!($crate::BareEntry::<$driver>::new($name) $(.$callback())*);
    };
    ($driver:ty: $($callback:ident),* $(,)?) => {
        $crate::__driver_init!($crate::BareEntry::<$driver>::new(env!("CARGO_CRATE_NAME")) $(.$callback())*);
    };
}

/// The symbol that `erl_ddll` looks for.
#[doc(hidden)]
#[macro_export]
macro_rules! __driver_init {
    ($entry:expr) => {
        /// The symbol that `erl_ddll` looks for.
        #[unsafe(no_mangle)]
        pub extern "C" fn driver_init() -> *mut $crate::sys::ErlDrvEntry {
            static PLACE: $crate::entry::Place = $crate::entry::Place::new();
            PLACE.load(|| $entry)
        }
    };
}

/// An entry under construction. Each method gives one callback to the VM; see [`Driver`] for what they do.
#[derive(Debug)]
pub struct Entry<D, Q = NoLock> {
    pub(crate) draft: Draft,
    driver: PhantomData<fn() -> (D, Q)>,
}

/// An entry without its types.
#[derive(Debug)]
pub struct Draft {
    pub(crate) raw: sys::ErlDrvEntry,
    pub(crate) name: CString,
}

impl Draft {
    /// No callbacks. A zero in the name ends it.
    pub(crate) fn new(name: &str, flags: i32) -> Self {
        let name = name.split('\0').next().unwrap_or_default();
        Draft {
            raw: sys::ErlDrvEntry {
                init: None,
                start: None,
                stop: None,
                output: None,
                ready_input: None,
                ready_output: None,
                driver_name: ptr::null_mut(),
                finish: None,
                handle: ptr::null_mut(),
                control: None,
                timeout: None,
                outputv: None,
                ready_async: None,
                flush: None,
                call: None,
                unused_event_callback: None,
                extended_marker: sys::ERL_DRV_EXTENDED_MARKER,
                major_version: sys::ERL_DRV_EXTENDED_MAJOR_VERSION,
                minor_version: sys::ERL_DRV_EXTENDED_MINOR_VERSION,
                driver_flags: flags,
                handle2: ptr::null_mut(),
                process_exit: None,
                stop_select: None,
                emergency_close: None,
            },
            name: CString::new(name).unwrap_or_default(),
        }
    }
}

pub(crate) fn locking(locking: Locking) -> i32 {
    match locking {
        Locking::Port => sys::ERL_DRV_FLAG_USE_PORT_LOCKING,
        Locking::Driver => 0,
    }
}

/// One method for each callback.
macro_rules! callbacks {
    ($($callback:ident),*) => {$(
        #[doc = concat!("Gives [`Driver::", stringify!($callback), "`] to the VM.")]
        pub fn $callback(mut self) -> Self {
            self.draft.raw.$callback = Some(callback::$callback::<D, Q>);
            self
        }
    )*};
}

impl<D: Driver<Q>, Q: QueueAccess> Entry<D, Q> {
    /// An entry with `start` and `stop`.
    pub fn new(name: impl AsRef<str>) -> Self {
        let flag = |on: bool, flag| if on { flag } else { 0 };
        let flags = locking(D::LOCKING)
            | flag(D::SOFT_BUSY, sys::ERL_DRV_FLAG_SOFT_BUSY)
            | flag(!D::BUSY_QUEUE, sys::ERL_DRV_FLAG_NO_BUSY_MSGQ)
            | flag(D::INIT_ACK, sys::ERL_DRV_FLAG_USE_INIT_ACK);
        let mut draft = Draft::new(name.as_ref(), flags);
        draft.raw.start = Some(callback::start::<D, Q>);
        draft.raw.stop = Some(callback::stop::<D, Q>);
        Entry { draft, driver: PhantomData }
    }

    /// Is always there.
    pub fn start(self) -> Self {
        self
    }

    /// Is always there.
    pub fn stop(self) -> Self {
        self
    }

    /// Gives [`Driver::process_exit`] to the VM, and `timeout`: by that the port ends, if it is to end in
    /// `process_exit`.
    pub fn process_exit(mut self) -> Self {
        self.draft.raw.process_exit = Some(callback::process_exit::<D, Q>);
        self.timeout()
    }

    callbacks!(
        init,
        output,
        ready_input,
        ready_output,
        finish,
        control,
        timeout,
        outputv,
        ready_async,
        flush,
        call,
        stop_select,
        emergency_close
    );
}

impl<D, Q> From<Entry<D, Q>> for Draft {
    fn from(entry: Entry<D, Q>) -> Self {
        entry.draft
    }
}
