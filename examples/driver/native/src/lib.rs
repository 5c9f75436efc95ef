//! Watches files for processes: `select` on a real descriptor, a timer that gathers what comes together, and monitors
//! that end the watches of processes that have ended. The other side is `src/inotify.erl`.
#![forbid(unsafe_code)]

mod changes;
mod watches;

use std::os::fd::OwnedFd;
use std::sync::Arc;

use erl_driver::{Control, Driver, Event, Mode, Monitor, Port, Refusal, Replied};
use rustix::fs::inotify::{self, CreateFlags};
use rustix::io::Errno;

use self::changes::Changes;
use self::watches::Watches;

erl_driver::driver!(Inotify: start, stop, control, ready_input, stop_select, timeout, process_exit);

/// Operations of `port_control/3`.
const WATCH: u32 = 1;
const UNWATCH: u32 = 2;
const WATCHES: u32 = 3;

/// How long changes are gathered before they are told, in milliseconds.
const GATHER: u32 = 20;

/// The state of one port.
struct Inotify {
    /// Shared with the VM, which keeps it open as long as it watches it.
    fd: Arc<OwnedFd>,
    watches: Watches,
    changes: Changes,
}

impl Driver for Inotify {
    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).map_err(std::io::Error::from)?;
        let fd = Arc::new(fd);
        port.watch(&fd, Mode::READ).map_err(|_| Refusal::General)?;
        port.answer_binaries();
        Ok(Inotify { fd, watches: Watches::default(), changes: Changes::new(port) })
    }

    fn stop(self, port: &Port<'_>) {
        port.release(&self.fd);
    }

    /// Answers with `<<0, Number:32>>`, or with 1 and the name of an errno.
    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let Some(caller) = port.caller() else { return reply.badarg() };
        let result = match operation {
            WATCH => self.watches.add(port, &self.fd, caller, body),
            UNWATCH => {
                let Ok(number) = body.try_into().map(i32::from_be_bytes) else { return reply.badarg() };
                self.watches.remove(port, &self.fd, caller, number).map(|()| number)
            }
            WATCHES => Ok(self.watches.len()),
            _ => return reply.badarg(),
        };
        match result {
            Ok(number) => reply.bytes(&[[0].as_slice(), &number.to_be_bytes()].concat()),
            Err(errno) => {
                let name = erl_driver::system::errno_name(errno.raw_os_error());
                reply.bytes(&[&[1], name.as_bytes()].concat())
            }
        }
    }

    /// Reads what there is, and tells it when nothing more has come for a moment.
    fn ready_input(&mut self, port: &Port<'_>, _event: Event) {
        match self.changes.read(&self.fd) {
            Ok(()) | Err(Errno::WOULDBLOCK) => port.set_timer(GATHER),
            Err(errno) => port.fail_posix(errno.raw_os_error()),
        }
    }

    fn timeout(&mut self, port: &Port<'_>) {
        self.changes.tell(port.id(), &self.watches);
    }

    fn process_exit(&mut self, port: &Port<'_>, monitor: Monitor) {
        if let Some(process) = port.monitored(&monitor) {
            self.watches.forget(&self.fd, process);
        }
    }
}
