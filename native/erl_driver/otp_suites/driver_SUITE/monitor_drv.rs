//! monitor_drv: monitors the processes that ask for it, at once or later, and tells one of them who has ended.
#![forbid(unsafe_code)]

use erl_driver::{Control, Driver, Locking, Monitor, NotMonitored, Pid, Port, Refusal, Replied, Terms};

const I_AM_IPID: u32 = 1;
const MONITOR_ME: u32 = 2;
const DEMONITOR_ME: u32 = 3;
const MONITOR_ME_LATER: u32 = 4;
const DO_DELAYED_MONITOR: u32 = 5;

struct OneMonitor {
    pid: Pid,
    state: State,
}

enum State {
    Monitored(Monitor),
    /// To be monitored when this number is named.
    Later(u32),
}

#[derive(Default)]
struct Monitors {
    ipid: Option<Pid>,
    later_counter: u32,
    /// The newest comes last.
    monitors: Vec<OneMonitor>,
}

impl Driver for Monitors {
    const LOCKING: Locking = Locking::Driver;

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Monitors::default())
    }

    fn process_exit(&mut self, port: &Port<'_>, fired: Monitor) {
        let is_fired = |one: &OneMonitor| matches!(&one.state, State::Monitored(monitor) if *monitor == fired);
        let Some(at) = self.monitors.iter().rposition(is_fired) else { return eprintln!("Spooky Monitor executed!\r") };
        let ended = self.monitors.remove(at).pid;
        if let Some(ipid) = self.ipid {
            let message = Terms::new().atom(port.atom(c"monitor_fired")).port(port.id()).pid(ended).tuple(3);
            let _ = port.id().send(ipid, message);
        }
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let Some(caller) = port.caller() else { return reply.badarg() };
        match operation {
            I_AM_IPID => {
                self.ipid = Some(caller);
                reply.bytes(b"ok")
            }
            MONITOR_ME => reply.bytes(self.monitor(port, caller)),
            DEMONITOR_ME => reply.bytes(self.demonitor(port, caller)),
            MONITOR_ME_LATER => {
                self.later_counter += 1;
                self.monitors.push(OneMonitor { pid: caller, state: State::Later(self.later_counter) });
                reply.bytes(format!("ok:{}", self.later_counter).as_bytes())
            }
            DO_DELAYED_MONITOR => {
                let id = std::str::from_utf8(body).ok().and_then(|id| id.trim().parse().ok());
                reply.bytes(self.monitor_delayed(port, id.unwrap_or(0)))
            }
            _ => reply.bytes(b"unknown_op"),
        }
    }
}

impl Monitors {
    fn monitor(&mut self, port: &Port<'_>, pid: Pid) -> &'static [u8] {
        match port.monitor(pid) {
            Ok(monitor) => {
                self.monitors.push(OneMonitor { pid, state: State::Monitored(monitor) });
                b"ok"
            }
            Err(error) => words(error),
        }
    }

    /// Ends the oldest monitor of a process.
    fn demonitor(&mut self, port: &Port<'_>, pid: Pid) -> &'static [u8] {
        let found = self.monitors.iter().filter(|one| one.pid == pid).count();
        let Some(at) = self.monitors.iter().position(|one| one.pid == pid) else { return b"not_monitored" };
        let more = found > 1;
        match self.monitors.remove(at).state {
            State::Later(_) if more => b"delayd_but_more",
            State::Later(_) => b"delayed",
            State::Monitored(monitor) => match (port.demonitor(&monitor), more) {
                (true, false) => b"ok",
                (true, true) => b"ok_but_more",
                (false, false) => b"gone",
                (false, true) => b"gone_but_more",
            },
        }
    }

    fn monitor_delayed(&mut self, port: &Port<'_>, id: u32) -> &'static [u8] {
        let is_meant = |one: &OneMonitor| matches!(one.state, State::Later(later) if later == id);
        let Some(at) = self.monitors.iter().position(is_meant) else { return b"not_found" };
        match port.monitor(self.monitors[at].pid) {
            Ok(monitor) => {
                self.monitors[at].state = State::Monitored(monitor);
                b"ok"
            }
            Err(error) => {
                self.monitors.remove(at);
                words(error)
            }
        }
    }
}

fn words(error: NotMonitored) -> &'static [u8] {
    match error {
        NotMonitored::Gone => b"noproc",
        NotMonitored::NoCallback => b"error",
    }
}

erl_driver::driver!(Monitors: start, stop, process_exit, control);
