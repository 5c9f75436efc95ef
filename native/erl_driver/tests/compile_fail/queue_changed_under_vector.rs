//! What the queue shows is gone when the queue changes.
use erl_driver::Port;

fn callback(port: &Port<'_>) {
    let mut queue = port.queue();
    let Ok(shown) = queue.peekq() else { return };
    let _ = queue.deq(1);
    port.output_vector(b"", &shown, 0);
}

fn main() {}
