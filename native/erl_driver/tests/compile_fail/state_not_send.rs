//! Callbacks of a port run on different threads, one after the other: its state must be able to move.
use erl_driver::{Driver, Port, Refusal};

struct Local(std::rc::Rc<()>);

impl Driver for Local {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Local(std::rc::Rc::new(())))
    }
}

fn main() {}
