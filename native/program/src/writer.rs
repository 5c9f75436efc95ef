//! Frames to the VM. Threads that have something to say at the same time share one write.

use std::cell::Cell;
use std::fs::File;
use std::io::{IoSlice, Write};

use linkspan_engine::Sink;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::watch;

/// Frames up to this size are gathered; longer ones are written from where they are.
const GATHERED: usize = 64 * 1024;
/// Whoever finds more than this waiting to be written waits, too.
const MOST_WAITING: usize = 1024 * 1024;

thread_local! {
    static GATHERING: Cell<bool> = const { Cell::new(false) };
}

/// The writing end.
pub struct Writer {
    output: File,
    state: Mutex<State>,
    written: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    writing: bool,
    /// Whether the last frame has been handed over.
    ended: bool,
}

impl State {
    fn push(&mut self, head: &[u8], body: &[u8]) {
        let len = ((head.len() + body.len()) as u32).to_be_bytes();
        self.waiting.extend_from_slice(&len);
        self.waiting.extend_from_slice(head);
        self.waiting.extend_from_slice(body);
    }
}

impl Writer {
    pub fn new(output: File) -> Self {
        Writer { output, state: Mutex::default(), written: Condvar::new() }
    }

    /// From now on frames of this thread wait for [`Writer::flush`].
    pub fn gather(&self) {
        GATHERING.set(true);
    }

    /// Writes what this thread has gathered.
    pub fn flush(&self) {
        GATHERING.set(false);
        self.write_waiting(self.state.lock());
    }

    /// Writes one last frame behind everything else; what comes later is dropped. Waits until all is written.
    pub fn end(&self, head: &[u8], body: &[u8]) {
        let mut state = self.state.lock();
        if !std::mem::replace(&mut state.ended, true) {
            state.push(head, body);
        }
        while state.writing {
            self.written.wait(&mut state);
        }
        self.write_waiting(state);
    }

    /// Writes until nothing waits, unless another thread does.
    fn write_waiting(&self, mut state: MutexGuard<'_, State>) {
        if state.writing {
            return;
        }
        state.writing = true;
        while !state.waiting.is_empty() {
            let frames = std::mem::take(&mut state.waiting);
            MutexGuard::unlocked(&mut state, || self.put(&mut [IoSlice::new(&frames)]));
            self.written.notify_all();
        }
        state.writing = false;
        self.written.notify_all();
    }

    /// Writes one long frame behind everything that waits.
    fn write_long(&self, mut state: MutexGuard<'_, State>, parts: &mut [IoSlice<'_>]) {
        while state.writing {
            self.written.wait(&mut state);
        }
        if state.ended {
            return self.write_waiting(state);
        }
        state.writing = true;
        let before = std::mem::take(&mut state.waiting);
        MutexGuard::unlocked(&mut state, || {
            self.put(&mut [IoSlice::new(&before)]);
            self.put(parts);
        });
        state.writing = false;
        self.written.notify_all();
        self.write_waiting(state);
    }

    fn put(&self, mut parts: &mut [IoSlice<'_>]) {
        while parts.iter().any(|part| !part.is_empty()) {
            match (&self.output).write_vectored(parts) {
                Ok(written) => IoSlice::advance_slices(&mut parts, written),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // The VM does not read any more.
                Err(_) => watch::die(),
            }
        }
    }
}

impl Sink for Writer {
    fn write(&self, head: &[u8], body: &[u8]) {
        let len = ((head.len() + body.len()) as u32).to_be_bytes();
        let mut state = self.state.lock();
        if head.len() + body.len() > GATHERED {
            return self.write_long(state, &mut [IoSlice::new(&len), IoSlice::new(head), IoSlice::new(body)]);
        }
        while state.writing && state.waiting.len() > MOST_WAITING {
            self.written.wait(&mut state);
        }
        if state.ended {
            return;
        }
        state.push(head, body);
        if !GATHERING.get() || state.waiting.len() > GATHERED {
            self.write_waiting(state);
        }
    }
}
