//! What a message is made of lives until it is sent.
use erl_driver::{PortId, Terms};

fn tell(port: PortId) {
    let terms = {
        let bytes = vec![1, 2, 3];
        Terms::new().bytes(&bytes)
    };
    let _ = port.output(terms);
}

fn main() {}
