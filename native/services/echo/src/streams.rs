//! Answers in parts, and how many of them are made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use linkspan::{Canceller, Context, Emitter, Error, Reply, Result};

/// What the streams of one instance have in common.
#[derive(Clone, Debug, Default)]
pub struct Streams(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Iterators that live.
    open: AtomicU64,
    /// Parts made so far.
    produced: AtomicU64,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Done,
    Fail,
    Panic,
}

impl Streams {
    /// A stream of the numbers from 1 on, and its end.
    pub fn count_to(&self, last: u64, end: End) -> Reply {
        self.0.open.fetch_add(1, SeqCst);
        Reply::stream(Numbers { counts: self.0.clone(), next: 1, last, end })
    }

    pub fn open(&self) -> u64 {
        self.0.open.load(SeqCst)
    }

    pub fn produced(&self) -> u64 {
        self.0.produced.load(SeqCst)
    }
}

struct Numbers {
    counts: Arc<Counts>,
    next: u64,
    last: u64,
    end: End,
}

impl Iterator for Numbers {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        if self.next <= self.last {
            let number = self.next;
            self.next += 1;
            self.counts.produced.fetch_add(1, SeqCst);
            return Some(Ok(number.to_string()));
        }
        match self.end {
            End::Done => None,
            End::Fail => Some(Err(Error::new(42, "told to fail"))),
            End::Panic => panic!("told to panic"),
        }
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        self.counts.open.fetch_sub(1, SeqCst);
    }
}

/// A stream of so many parts, which emits `wanted` or `cancelled` when it is dropped.
pub fn watched(parts: usize, cx: &Context<'_>) -> Reply {
    let watch = Watch { canceller: cx.canceller(), emitter: cx.emitter() };
    Reply::stream((0..parts).map(move |_| {
        let _ = &watch;
        Ok("")
    }))
}

struct Watch {
    canceller: Canceller,
    emitter: Emitter,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.emitter.emit(if self.canceller.is_cancelled() { "cancelled" } else { "wanted" });
    }
}
