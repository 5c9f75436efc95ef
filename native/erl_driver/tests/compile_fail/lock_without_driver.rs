//! A driver whose ports have no data lock cannot lend its queue to threads.
use erl_driver::Port;

fn callback(port: &Port<'_>) {
    let _ = port.data_lock();
}

fn main() {}
