//! A vector is lent: its bytes are kept by `to_bytes` or `to_binary`, not as they are.
use erl_driver::{Driver, Port, Refusal, Vector};

struct Keeper {
    bytes: &'static [u8],
}

impl Driver for Keeper {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Keeper { bytes: b"" })
    }

    fn outputv(&mut self, _port: &Port<'_>, vector: &Vector<'_>) {
        if let Some(part) = vector.parts().next() {
            self.bytes = part.bytes();
        }
    }
}

fn main() {}
