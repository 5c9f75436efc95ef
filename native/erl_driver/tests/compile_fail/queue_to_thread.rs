//! Who holds the data lock lets go of it on the same thread.
use erl_driver::DataLock;

fn callback(lock: &DataLock) {
    let mut queue = lock.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| queue.enq(b"from another thread"));
    });
}

fn main() {}
