//! A port's context stays on the thread of its callback.
use erl_driver::Port;

fn callback(port: &Port<'_>) {
    std::thread::scope(|scope| {
        scope.spawn(|| port.output(b"from another thread"));
    });
}

fn main() {}
