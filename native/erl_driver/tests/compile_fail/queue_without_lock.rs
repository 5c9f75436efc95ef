//! A driver whose ports have a data lock uses the queue through it.
use erl_driver::{DataLock, Driver, Port, Refusal};

struct Locked;

impl Driver<DataLock> for Locked {
    fn start(port: &Port<'_, DataLock>, _command: &[u8]) -> Result<Self, Refusal> {
        let _ = port.queue().enq(b"without the lock");
        Ok(Locked)
    }
}

fn main() {}
