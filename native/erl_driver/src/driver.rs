//! What the author of a driver implements.

use crate::{Control, Monitor, Port, Replied, Vector};

/// A port driver. One value of it is the state of one port.
///
/// The provided callbacks do nothing; only those that [`driver!`](crate::driver) lists are given to the VM. All run
/// with the port's lock held, one after the other on different threads. A panic in one ends the port with the reason `panic`.
pub trait Driver: Sized + Send + 'static {
    /// A port is opened; `command` is everything after the `{spawn_driver, ...}` tag, the driver's name included.
    fn start(port: &Port<'_>, command: &[u8]) -> Result<Self, Refusal>;

    /// The port is closed; also when the VM halts.
    fn stop(self, _port: &Port<'_>) {}

    /// `port_command/2` or `{Owner, {command, Data}}`.
    fn outputv(&mut self, _port: &Port<'_>, _vector: &Vector<'_>) {}

    /// `port_control/3`. Runs on the caller's scheduler thread.
    fn control<'a>(&mut self, _port: &Port<'_>, _operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        reply.badarg()
    }

    /// `erlang:port_call/3`. `term` is in the external format, and so must the answer be.
    fn call<'a>(&mut self, _port: &Port<'_>, _operation: u32, _term: &[u8], reply: Control<'a>) -> Replied<'a> {
        reply.badarg()
    }

    /// The port's timer.
    fn timeout(&mut self, _port: &Port<'_>) {}

    /// A process that the port monitors has ended.
    fn process_exit(&mut self, _port: &Port<'_>, _monitor: Monitor) {}

    /// The driver is about to be unloaded.
    fn finish() {}
}

/// Why a port cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// `open_port` fails with `einval`.
    General,
    /// `open_port` fails with `badarg`.
    Badarg,
}
