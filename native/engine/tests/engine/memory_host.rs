//! A host in memory: events and endings arrive on a channel. And the engine around it.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use linkspan_engine::{Clock, Engine, Host, Libraries, Outcome, Pool, WORKER_STACK};

/// Only bounds a hang: nothing that works takes a noticeable part of it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for a state.
pub fn wait_until(what: &str, state: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !state() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::yield_now();
    }
}

/// An engine with so many workers. All share the libraries, since none is ever unloaded.
pub fn engine(workers: usize) -> Engine {
    counting_engine(workers, Arc::default())
}

/// The same, with the number of its worker threads.
pub fn counting_engine(workers: usize, alive: Arc<AtomicUsize>) -> Engine {
    static LIBRARIES: LazyLock<Arc<Libraries>> = LazyLock::new(Arc::default);
    let spawn = move |worker: Box<dyn FnOnce() + Send>| {
        alive.fetch_add(1, SeqCst);
        let alive = alive.clone();
        let counted = move || {
            worker();
            alive.fetch_sub(1, SeqCst);
        };
        thread::Builder::new().stack_size(WORKER_STACK).spawn(counted).unwrap();
    };
    Engine { libraries: LIBRARIES.clone(), pool: Pool::new(workers, spawn), clock: Clock::System }
}

/// What a host is told of its own accord.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    Event(Bytes),
    Ended(Outcome),
}

/// The host of one instance.
pub struct MemoryHost {
    news: Sender<News>,
    gate: Receiver<()>,
}

impl MemoryHost {
    /// A host, its news, and its gate: while that is kept, whoever emits an event waits for a `()` through it.
    pub fn new() -> (Arc<Self>, Receiver<News>, Sender<()>) {
        let (sender, news) = unbounded();
        let (opener, gate) = bounded(0);
        (Arc::new(MemoryHost { news: sender, gate }), news, opener)
    }
}

impl Host for MemoryHost {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn inline_stack(&self) -> usize {
        512 * 1024
    }

    fn event(&self, event: Bytes) {
        let _ = self.news.send(News::Event(event));
        let _ = self.gate.recv();
    }

    fn overran(&self, _service: &str, _operation: &str, _spent: Duration) {}

    fn ended(&self, reason: Outcome) {
        let _ = self.news.send(News::Ended(reason));
    }
}
