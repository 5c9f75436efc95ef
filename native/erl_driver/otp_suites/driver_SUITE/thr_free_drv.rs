//! thr_free_drv: memory of the VM, allocated by one thread, is freed by ten others at once while `control` frees its own.
#![forbid(unsafe_code)]

use std::sync::{Arc, Condvar, Mutex};

use erl_driver::thread::{self, JoinHandle};
use erl_driver::{Control, Driver, Memory, Port, Refusal, Replied};

const BLOCKS_PER_THREAD: usize = 100_000;
const NO_THREADS: usize = 10;
const BLOCKS_PER_CTRL: usize = 1000;

/// Whether the threads may go.
type Go = Arc<(Mutex<bool>, Condvar)>;

struct ThrFree {
    go: Go,
    blocks: Vec<Memory>,
    threads: Vec<JoinHandle<()>>,
}

fn test_thread(go: &Go, blocks: Vec<Memory>) {
    let (mutex, condition) = &**go;
    let waiting = mutex.lock().expect("a mutex");
    drop(condition.wait_while(waiting, |go| !*go).expect("a mutex"));
    drop(blocks);
}

impl Driver for ThrFree {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        let mut blocks = [const { Vec::new() }; NO_THREADS + 1];
        for _ in 0..BLOCKS_PER_THREAD {
            blocks.iter_mut().for_each(|blocks| blocks.push(Memory::zeroed(1)));
        }
        let [own, blocks @ ..] = blocks;
        let mut driver = ThrFree { go: Go::default(), blocks: own, threads: Vec::new() };
        for blocks in blocks {
            let go = driver.go.clone();
            match thread::spawn(c"test_thread", move || test_thread(&go, blocks)) {
                Ok(thread) => driver.threads.push(thread),
                Err(_) => {
                    driver.join();
                    return Err(Refusal::General);
                }
            }
        }
        Ok(driver)
    }

    fn stop(mut self, _port: &Port<'_>) {
        self.join();
    }

    fn control<'a>(&mut self, _port: &Port<'_>, _operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        self.go();
        self.blocks.truncate(self.blocks.len().saturating_sub(BLOCKS_PER_CTRL));
        reply.bytes(if self.blocks.is_empty() { b"done" } else { b"more" })
    }
}

impl ThrFree {
    fn go(&self) {
        let (mutex, condition) = &*self.go;
        *mutex.lock().expect("a mutex") = true;
        condition.notify_all();
    }

    fn join(&mut self) {
        self.go();
        self.threads.drain(..).for_each(|thread| thread.join().expect("a thread that ends"));
    }
}

erl_driver::driver!(ThrFree: start, stop, control);
