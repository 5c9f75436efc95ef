//! Answers `port_control/3` with its body, and sends back what is written to the port.
use erl_driver::{Control, Driver, Port, Refusal, Replied, Vector};

struct Echo {
    written: usize,
}

erl_driver::driver!(Echo, "echo_drv": start, outputv, control);

impl Driver for Echo {
    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        port.answer_binaries();
        Ok(Echo { written: 0 })
    }

    fn outputv(&mut self, port: &Port<'_>, vector: &Vector<'_>) {
        self.written += vector.len();
        port.output_vector(b"", vector, 0);
    }

    fn control<'a>(&mut self, _port: &Port<'_>, _operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        reply.bytes(body)
    }
}
