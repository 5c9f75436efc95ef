//! A job owns what it uses.
use erl_driver::Port;

fn callback(port: &Port<'_>, state: &mut Vec<u8>) {
    let _ = port.run_async(None, || state.push(1));
}

fn main() {}
