//! Another port is reached within a callback only.
use erl_driver::{OtherPort, Port, Sibling};

fn callback<'a>(port: &Port<'_>, sibling: &Sibling) -> Option<OtherPort<'a>> {
    port.reach(sibling)
}

fn main() {}
