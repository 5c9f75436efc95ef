//! busy_drv: a master port makes a slave port of the same driver busy, and not busy again.
#![forbid(unsafe_code)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use erl_driver::{Driver, InitFailed, Locking, Port, Refusal, Sibling};

struct Ports {
    master: bool,
    slave: Option<Sibling>,
    next_slave_state: bool,
}

static PORTS: Mutex<Ports> = Mutex::new(Ports { master: false, slave: None, next_slave_state: true });

fn ports() -> MutexGuard<'static, Ports> {
    PORTS.lock().unwrap_or_else(PoisonError::into_inner)
}

enum Busy {
    Master,
    Slave,
}

impl Driver for Busy {
    const LOCKING: Locking = Locking::Driver;

    fn init() -> Result<(), InitFailed> {
        *ports() = Ports { master: false, slave: None, next_slave_state: true };
        Ok(())
    }

    /// `busy_drv master` comes first, then `busy_drv slave`; one of each.
    fn start(port: &Port<'_>, command: &[u8]) -> Result<Self, Refusal> {
        let mut ports = ports();
        let master = command.splitn(2, |byte| *byte == b' ').nth(1).is_some_and(|argument| argument.starts_with(b"m"));
        if ports.slave.is_some() || ports.master == master {
            return Err(Refusal::General);
        }
        if master {
            ports.master = true;
            ports.next_slave_state = true;
            Ok(Busy::Master)
        } else {
            ports.slave = Some(port.sibling());
            Ok(Busy::Slave)
        }
    }

    fn stop(self, _port: &Port<'_>) {
        match self {
            Busy::Master => ports().master = false,
            Busy::Slave => ports().slave = None,
        }
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        let mut ports = ports();
        if let Busy::Slave = self {
            port.set_busy(ports.next_slave_state);
            ports.next_slave_state = false;
            return;
        }
        let slave = ports.slave.as_ref().and_then(|slave| port.reach(slave));
        match (slave, data) {
            (Some(slave), [b'l', ..]) => slave.set_busy(true),
            (Some(slave), [b'u', ..]) => slave.set_busy(false),
            (Some(_), [_, ..]) => {}
            _ => port.fail(-1),
        }
    }
}

erl_driver::driver!(Busy: init, start, stop, output);
