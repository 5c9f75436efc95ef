//! A port, as its callbacks see it.

mod busy;
mod create;
mod ending;
mod monitor;
mod output;
mod select;
mod sibling;
mod timer;

use std::ffi::CStr;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use erl_driver_sys as sys;

pub use self::busy::BusyLimits;
pub use self::create::NotCreated;
pub(crate) use self::ending::Ending;
pub use self::monitor::{Monitor, NotMonitored};
pub use self::sibling::{OtherPort, Sibling};
use crate::entry::Inner;
use crate::{Atom, NoLock, Pid, PortId, QueueAccess, Refusal};

/// A port, for as long as one of its callbacks runs. It stays on the callback's thread.
///
/// ```compile_fail,E0277
/// # use erl_driver::Port;
/// fn elsewhere(port: &Port<'_>) {
///     std::thread::scope(|scope| {
///         scope.spawn(|| port.output(b"no"));
///     });
/// }
/// ```
pub struct Port<'a, Q = NoLock> {
    /// A pointer, so that the compiler has one reason for keeping it on its thread.
    inner: NonNull<Inner<Q>>,
    lent: PhantomData<&'a ()>,
}

impl<Q> fmt::Debug for Port<'_, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Port").field(&self.id()).finish()
    }
}

impl<Q> Port<'_, Q> {
    /// To be used no longer than `inner`.
    pub(crate) fn new(inner: &Inner<Q>) -> Self {
        Port { inner: NonNull::from(inner), lent: PhantomData }
    }

    fn inner(&self) -> &Inner<Q> {
        // SAFETY: made of a reference; the slot is held while the context is used.
        unsafe { self.inner.as_ref() }
    }

    /// The handle, for the functions of `erl_driver.h`. Using it is unsafe; it is good while the callback runs.
    pub fn raw(&self) -> sys::ErlDrvPort {
        self.inner().port.get()
    }

    /// The port's name for other threads.
    pub fn id(&self) -> PortId {
        // SAFETY: inside a callback of this port; here and below.
        PortId(unsafe { sys::driver_mk_port(self.raw()) })
    }

    /// The process that called the driver; none outside of `start`, `output`, `outputv`, `control` and `call`, or if
    /// it is no process of this node.
    pub fn caller(&self) -> Option<Pid> {
        // SAFETY: see `id`.
        Pid::local(unsafe { sys::driver_caller(self.raw()) })
    }

    /// The port's owner: who gets what it outputs. None while the port closes.
    pub fn connected(&self) -> Option<Pid> {
        // SAFETY: see `id`.
        Pid::local(unsafe { sys::driver_connected(self.raw()) })
    }

    /// The atom of that name, in Latin-1, cut after 255 characters. Made if it is new, and never freed.
    pub fn atom(&self, name: &CStr) -> Atom {
        // SAFETY: see `id`; the VM only reads the name.
        Atom(unsafe { sys::driver_mk_atom(name.as_ptr().cast_mut()) })
    }

    /// From now on `port_control/3` returns binaries instead of lists. Not in `stop`.
    pub fn answer_binaries(&self) {
        self.answer(true);
    }

    /// From now on `port_control/3` returns lists, as it does at first. Not in `stop`.
    pub fn answer_lists(&self) {
        self.answer(false);
    }

    fn answer(&self, binary: bool) {
        // If `stop` runs within a `control`, the VM still is to take its answer, which is in the form asked for before.
        if self.answers_binaries() != binary && !self.inner().is_stopped() {
            self.inner().binary_answers.set(binary);
            self.set_heavy(false);
        }
    }

    pub(crate) fn answers_binaries(&self) -> bool {
        self.inner().binary_answers.get()
    }

    /// Says, in the output of a port that is a tracer, whether writing has taken long.
    pub fn set_heavy(&self, heavy: bool) {
        let binary = if self.answers_binaries() { sys::PORT_CONTROL_FLAG_BINARY } else { 0 };
        let heavy = if heavy { sys::PORT_CONTROL_FLAG_HEAVY } else { 0 };
        // SAFETY: see `id`.
        unsafe { sys::set_port_control_flags(self.raw(), binary | heavy) }
    }

    /// Whether the port was opened with the setting `binary`. Not yet known in `start`: the VM sets it afterwards.
    pub fn is_binary(&self) -> bool {
        self.flags() & sys::PORT_FLAG_BINARY != 0
    }

    /// Whether the port was opened with the setting `line`. Not yet known in `start`.
    pub fn is_line(&self) -> bool {
        self.flags() & sys::PORT_FLAG_LINE != 0
    }

    fn flags(&self) -> i32 {
        // SAFETY: see `id`.
        unsafe { sys::get_port_flags(self.raw()) }
    }

    /// Gives up so many percent of the time slice, 1 to 100. Whether it is used up: then the callback should return.
    pub fn consume_timeslice(&self, percent: u8) -> bool {
        // SAFETY: see `id`.
        unsafe { sys::erl_drv_consume_timeslice(self.raw(), percent.into()) != 0 }
    }

    /// Keeps the driver loaded for the life of the VM.
    pub fn lock_driver(&self) {
        // SAFETY: see `id`.
        unsafe { sys::driver_lock_driver(self.raw()) };
    }

    /// Sets the `os_pid` that `erlang:port_info/2` shows.
    pub fn set_os_pid(&self, pid: u32) {
        // SAFETY: see `id`.
        unsafe { sys::erl_drv_set_os_pid(self.raw(), pid as isize) };
    }

    /// Lets `open_port` return, or fail, for drivers with [`INIT_ACK`](crate::Driver::INIT_ACK). Once.
    pub fn init_ack(&self, result: Result<(), Refusal>) {
        match result {
            // SAFETY: see `id`; the port's data stays what it is.
            Ok(()) => unsafe { sys::erl_drv_init_ack(self.raw(), self.inner().data.get()) },
            // Ends the port, and so waits for the callback's end.
            Err(refusal) => self.inner().end(Ending::Refused(refusal)),
        }
    }
}

impl Port<'_, NoLock> {
    /// The port's queue. One at a time.
    ///
    /// # Panics
    /// If the callback holds the queue already.
    pub fn queue(&self) -> crate::Queue<'_> {
        crate::Queue::of_callback(self.raw(), &self.inner().queue_taken)
    }
}

impl Port<'_, crate::DataLock> {
    /// The port's data lock, through which its queue is used. Clone it to take it to other threads.
    ///
    /// ```compile_fail,E0599
    /// # use erl_driver::{DataLock, Port};
    /// fn without_the_lock(port: &Port<'_, DataLock>) {
    ///     port.queue();
    /// }
    /// ```
    pub fn data_lock(&self) -> &crate::DataLock {
        self.inner().lock.get().expect("made before the first callback")
    }
}

impl<Q: QueueAccess> Port<'_, Q> {
    /// A key for [`Port::run_async`] that is the same for all jobs of this port.
    pub fn async_key(&self) -> crate::AsyncKey {
        // SAFETY: see `id`.
        crate::AsyncKey(unsafe { sys::driver_async_port_key(self.raw()) })
    }
}
