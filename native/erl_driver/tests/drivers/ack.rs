//! `open_port` waits until the port's timer has said yes or no.

use erl_driver::{Control, Driver, Port, Refusal, Replied};

struct Acked(Option<Refusal>);

erl_driver::driver!(Acked, "ack_drv": start, timeout, control);

impl Driver for Acked {
    const INIT_ACK: bool = true;

    fn start(port: &Port<'_>, command: &[u8]) -> Result<Self, Refusal> {
        let refusal = match command {
            b"ack_drv badarg" => Some(Refusal::Badarg),
            b"ack_drv enoent" => Some(Refusal::Errno(2)),
            b"ack_drv at once" => {
                port.init_ack(Ok(()));
                None
            }
            b"ack_drv never" => {
                port.init_ack(Err(Refusal::Badarg));
                None
            }
            _ => None,
        };
        port.set_timer(1);
        Ok(Acked(refusal))
    }

    fn timeout(&mut self, port: &Port<'_>) {
        port.init_ack(self.0.map_or(Ok(()), Err));
    }

    fn control<'a>(&mut self, _port: &Port<'_>, _operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        reply.bytes(format!("{:?}", self.0).as_bytes())
    }
}
