//! `control` answers once.
use erl_driver::{Control, Driver, Port, Refusal, Replied};

struct Silent;

impl Driver for Silent {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Silent)
    }

    fn control<'a>(&mut self, _port: &Port<'_>, _operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let _ = reply.bytes(body);
        reply.bytes(body)
    }
}

fn main() {}
