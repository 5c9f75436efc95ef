//! What the engine may ask of a port: events to its listener, frames to its owner, and its end.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use erl_driver::{Atom, Pid, Port, PortId, Terms};
use linkspan_engine::{Host, Outcome, Recipient, Sink, frame};

use super::outlet::Outlet;
use crate::endpoint::{Listener, Surroundings};
use crate::runtime::{self, Ended};

/// Stack of a scheduler thread that a service may use: half of what the VM gives it.
const INLINE_STACK: usize = 512 * 1024;

/// The engine's view of a port.
pub struct PortHost {
    port: PortId,
    outlet: Outlet,
    listener: OnceLock<Listener>,
    /// How the port ends: when, the status, and its body.
    ended: OnceLock<(End, u8, Bytes)>,
    atoms: Atoms,
    me: Weak<PortHost>,
}

/// Whether a port ends because its service could not start, or later.
#[derive(Clone, Copy)]
pub enum End {
    Start = 0,
    Running = 1,
}

struct Atoms {
    linkspan: Atom,
    event: Atom,
    ended: Atom,
    overran: Atom,
}

impl PortHost {
    pub fn new(port: &Port<'_>) -> Arc<Self> {
        let atoms = Atoms {
            linkspan: port.atom(c"linkspan"),
            event: port.atom(c"event"),
            ended: port.atom(c"linkspan_ended"),
            overran: port.atom(c"linkspan_overran"),
        };
        Arc::new_cyclic(|me| PortHost {
            port: port.id(),
            outlet: Outlet::new(port),
            listener: OnceLock::new(),
            ended: OnceLock::new(),
            atoms,
            me: me.clone(),
        })
    }

    /// The port is open: what it was opened with is known.
    pub fn opened(&self, port: &Port<'_>) {
        self.outlet.opened(port);
    }

    /// The port is closed: its owner hears no more of it.
    pub fn closed(&self) {
        self.outlet.close();
    }

    /// Ends the port with a reason, by way of the keeper: a driver could only end it with an atom.
    pub fn end(&self, end: End, reason: Outcome) {
        let head = frame::ended(&reason);
        let [_, status] = head;
        let body = reason.into_body();
        if self.ended.set((end, status, body.clone())).is_err() {
            return;
        }
        if self.listener.get().is_none() {
            self.outlet.write(&head, &body);
            self.outlet.close();
        }
        runtime::tell_keeper(self.me.clone());
    }
}

impl Ended for PortHost {
    fn tell(&self, keeper: Pid) {
        let Some((end, status, body)) = self.ended.get() else { return };
        let message = Terms::new()
            .atom(self.atoms.ended)
            .port(self.port)
            .uint(*end as usize)
            .uint((*status).into())
            .bytes(body)
            .tuple(5);
        // Fails if the port has ended meanwhile: then there is nothing left to do.
        let _ = self.port.send(keeper, message);
    }
}

impl Surroundings for PortHost {
    fn listen(&self, listener: Listener) -> bool {
        self.listener.set(listener).is_ok()
    }
}

impl Host for PortHost {
    fn name(&self) -> &'static str {
        "driver"
    }

    fn inline_stack(&self) -> usize {
        INLINE_STACK
    }

    fn event(&self, event: Bytes) {
        let Some(listener) = self.listener.get() else { return self.outlet.write(&frame::EVENT, &event) };
        let message = Terms::new()
            .atom(self.atoms.linkspan)
            .external(&listener.instance)
            .atom(self.atoms.event)
            .bytes(&event)
            .tuple(2)
            .tuple(3);
        // Fails if the listener is dead: then nobody listens.
        let _ = self.port.send(listener.pid, message);
    }

    fn overran(&self, service: &str, operation: &str, spent: Duration) {
        if let Some(keeper) = runtime::keeper() {
            let micros = usize::try_from(spent.as_micros()).unwrap_or(usize::MAX);
            let (service, operation) = (service.as_bytes(), operation.as_bytes());
            let message = Terms::new().atom(self.atoms.overran).bytes(service).bytes(operation).uint(micros).tuple(4);
            // Fails if the keeper has just ended: then the counter alone tells.
            let _ = self.port.send(keeper, message);
        }
    }

    fn ended(&self, reason: Outcome) {
        self.end(End::Running, reason);
    }
}

impl Sink for PortHost {
    fn write(&self, head: &[u8], body: &[u8]) {
        self.outlet.write(head, body);
    }
}

/// Ends a raw port whose service cannot be loaded or started.
pub struct StartWatch(pub Arc<PortHost>);

impl Recipient for StartWatch {
    fn reply(&self, outcome: Outcome) {
        match outcome {
            // Closed by its owner, who knows.
            Outcome::Ok(_) | Outcome::Closed => {}
            reason => self.0.end(End::Start, reason),
        }
    }
}
