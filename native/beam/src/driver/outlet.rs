//! `{Port, {data, Data}}` to the port's owner, from any thread.

use std::sync::OnceLock;

use erl_driver::{Atom, Binary, Port, PortId, Terms};

pub struct Outlet {
    port: PortId,
    data: Atom,
    binary: OnceLock<bool>,
}

impl Outlet {
    pub fn new(port: &Port<'_>) -> Self {
        Outlet { port: port.id(), data: port.atom(c"data"), binary: OnceLock::new() }
    }

    /// Learns whether the port was opened with `binary`; before that nothing is sent.
    pub fn opened(&self, port: &Port<'_>) {
        let _ = self.binary.set(port.is_binary());
    }

    /// Sends one frame, given in two parts.
    pub fn write(&self, head: &[u8], body: &[u8]) {
        let frame = Binary::from_parts(head, body);
        let message = Terms::new().port(self.port).atom(self.data);
        let binary = self.binary.get().copied().unwrap_or(true);
        let message = if binary { message.binary(&frame) } else { message.string(frame.as_ref()) };
        // Fails if the port has closed meanwhile: then nobody reads.
        let _ = self.port.output(message.tuple(2).tuple(2));
    }
}
