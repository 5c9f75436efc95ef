//! What the author of a driver implements.

use std::any::Any;

use crate::{Call, Control, Event, Monitor, NoLock, Port, QueueAccess, Replied, Vector};

/// A port driver. One value of it is the state of one port.
///
/// The provided callbacks do nothing; only those that [`driver!`](crate::driver!) lists are given to the VM. All that
/// take a port run with its lock held, one after the other on different threads. A panic in one ends the port with the
/// atom `panic`.
///
/// `impl Driver<DataLock> for ...` is a driver whose ports have a [data lock](crate::DataLock): its queue may be used
/// on any thread.
pub trait Driver<Q: QueueAccess = NoLock>: Sized + Send + 'static {
    /// What the VM locks while a callback runs.
    const LOCKING: Locking = Locking::Port;

    /// Whether a busy port can be written to with the option `force`.
    const SOFT_BUSY: bool = false;

    /// Whether a full message queue makes a port busy; see [`Port::busy_limits`].
    const BUSY_QUEUE: bool = true;

    /// Whether `open_port` waits for [`Port::init_ack`].
    const INIT_ACK: bool = false;

    /// The driver has been loaded, once for all ports. Runs without a port.
    fn init() -> Result<(), InitFailed> {
        Ok(())
    }

    /// The driver is about to be unloaded: no port is open, no job runs. Threads of its own must have ended.
    fn finish() {}

    /// A port is opened; `command` is everything after the `{spawn_driver, ...}` tag, the driver's name included.
    fn start(port: &Port<'_, Q>, command: &[u8]) -> Result<Self, Refusal>;

    /// The port is closed; also when the VM halts. Messages to processes cannot be sent any more.
    fn stop(self, _port: &Port<'_, Q>) {}

    /// The port is about to be closed and its queue is not empty: it stays until the queue is.
    fn flush(&mut self, _port: &Port<'_, Q>) {}

    /// `port_command/2` or `{Owner, {command, Data}}`, in one piece. Not used if `outputv` is listed too.
    fn output(&mut self, _port: &Port<'_, Q>, _data: &[u8]) {}

    /// `port_command/2` or `{Owner, {command, Data}}`, binaries by reference.
    fn outputv(&mut self, _port: &Port<'_, Q>, _vector: &Vector<'_>) {}

    /// `port_control/3`. Runs on the caller's scheduler thread.
    fn control<'a>(&mut self, _port: &Port<'_, Q>, _operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        reply.badarg()
    }

    /// `erlang:port_call/3`. `term` is in the external format, and so must the answer be.
    fn call<'a>(&mut self, _port: &Port<'_, Q>, _operation: u32, _term: &[u8], reply: Call<'a>) -> Replied<'a> {
        reply.badarg()
    }

    /// A watched event can be read. It may also be that nothing is there.
    fn ready_input(&mut self, _port: &Port<'_, Q>, _event: Event) {}

    /// A watched event can be written. It may also be that there is no room.
    fn ready_output(&mut self, _port: &Port<'_, Q>, _event: Event) {}

    /// The VM no longer uses an event that is no longer in use: now it may be closed. Runs without a port and its
    /// lock, perhaps inside of [`Port::select`]. What was handed over by [`Port::watch`] has just been dropped.
    fn stop_select(_event: Event) {}

    /// The port's timer.
    fn timeout(&mut self, _port: &Port<'_, Q>) {}

    /// A job started by [`Port::run_async`] is done; `result` is what it returned.
    fn ready_async(&mut self, _port: &Port<'_, Q>, _result: Box<dyn Any + Send>) {}

    /// A process that the port monitors has ended.
    fn process_exit(&mut self, _port: &Port<'_, Q>, _monitor: Monitor) {}

    /// The VM ends at once, with a crash dump. Runs without a port, for other threads may be in its callbacks.
    fn emergency_close() {}
}

/// A driver without `start`: its ports have no state, and its callbacks are not told which port it is.
///
/// Made by [`bare_driver!`](crate::bare_driver!). The callbacks are those of [`Driver`].
pub trait BareDriver: 'static {
    /// What the VM locks while a callback runs.
    const LOCKING: Locking = Locking::Port;

    /// See [`Driver::init`].
    fn init() -> Result<(), InitFailed> {
        Ok(())
    }

    /// See [`Driver::finish`].
    fn finish() {}

    /// See [`Driver::stop`].
    fn stop() {}

    /// See [`Driver::output`].
    fn output(_data: &[u8]) {}

    /// See [`Driver::outputv`].
    fn outputv(_vector: &Vector<'_>) {}

    /// See [`Driver::control`]. Answers are lists.
    fn control<'a>(_operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        reply.badarg()
    }

    /// See [`Driver::call`].
    fn call<'a>(_operation: u32, _term: &[u8], reply: Call<'a>) -> Replied<'a> {
        reply.badarg()
    }
}

/// What is locked while a callback runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locking {
    /// One port of the driver: others run at the same time.
    Port,
    /// All ports of the driver: [siblings](crate::Sibling) may be reached.
    Driver,
}

/// The driver cannot be loaded: `driver_init_failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitFailed;

/// Why a port cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// `open_port` fails with `einval`.
    General,
    /// `open_port` fails with the name of this errno.
    Errno(i32),
    /// `open_port` fails with `badarg`.
    Badarg,
}

impl From<std::io::Error> for Refusal {
    /// The error's errno if it has one.
    fn from(error: std::io::Error) -> Self {
        error.raw_os_error().map_or(Refusal::General, Refusal::Errno)
    }
}
