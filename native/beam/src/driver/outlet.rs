//! `{Port, {data, Data}}` to the port's owner, from any thread.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use erl_driver::{Atom, Binary, Port, PortId, Terms};

pub struct Outlet {
    port: PortId,
    data: Atom,
    binary: OnceLock<bool>,
    closed: AtomicBool,
}

impl Outlet {
    pub fn new(port: &Port<'_>) -> Self {
        Outlet { port: port.id(), data: port.atom(c"data"), binary: OnceLock::new(), closed: AtomicBool::new(false) }
    }

    /// Learns whether the port was opened with `binary`; before that nothing is sent.
    pub fn opened(&self, port: &Port<'_>) {
        let _ = self.binary.set(port.is_binary());
    }

    /// From now on nothing is sent. The VM would still take it in `stop`, when everybody has been told of the port's end.
    pub fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// Sends one frame, given in two parts.
    pub fn write(&self, head: &[u8], body: &[u8]) {
        if self.closed.load(Relaxed) {
            return;
        }
        let frame = Binary::from_parts(head, body);
        let message = Terms::new().port(self.port).atom(self.data);
        let binary = self.binary.get().copied().unwrap_or(true);
        let message = if binary { message.binary(&frame) } else { message.string(frame.as_ref()) };
        // Fails if the port has closed meanwhile: then nobody reads.
        let _ = self.port.output(message.tuple(2).tuple(2));
    }
}
