//! Frames to the VM. Threads that have something to say at the same time share one write.

use std::cell::Cell;
use std::fs::File;
use std::io::{IoSlice, Write};

use linkspan_engine::{Sink, frame::kind};
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
    waiting: Waiting,
    /// Memory for the next frames, empty.
    spare: Vec<u8>,
    /// Whether the VM takes several replies in one frame.
    batches: bool,
    writing: bool,
    /// Whether the last frame has been handed over.
    ended: bool,
}

/// Frames, each behind its length.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    replies: usize,
    /// Events, or the end.
    others: usize,
}

impl Waiting {
    fn push(&mut self, head: &[u8], body: &[u8]) {
        let len = ((head.len() + body.len()) as u32).to_be_bytes();
        self.bytes.extend_from_slice(&len);
        self.bytes.extend_from_slice(head);
        self.bytes.extend_from_slice(body);
        let counted = if head.first() == Some(&kind::REPLY) { &mut self.replies } else { &mut self.others };
        *counted += 1;
    }

    /// What makes one frame of them, if they are several replies: to the VM each frame is a message.
    fn batch(&self) -> Option<[u8; 5]> {
        if self.replies < 2 || self.others > 0 {
            return None;
        }
        let [a, b, c, d] = u32::try_from(1 + self.bytes.len()).ok()?.to_be_bytes();
        Some([a, b, c, d, kind::REPLIES])
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
            state.waiting.push(head, body);
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
        while !state.waiting.bytes.is_empty() {
            let next = Waiting { bytes: std::mem::take(&mut state.spare), ..Waiting::default() };
            let mut frames = std::mem::replace(&mut state.waiting, next);
            let batch = state.batches.then(|| frames.batch()).flatten();
            MutexGuard::unlocked(&mut state, || match batch {
                Some(head) => self.put(&mut [IoSlice::new(&head), IoSlice::new(&frames.bytes)]),
                None => self.put(&mut [IoSlice::new(&frames.bytes)]),
            });
            self.written.notify_all();
            if frames.bytes.capacity() <= GATHERED {
                frames.bytes.clear();
                state.spare = frames.bytes;
            }
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
            self.put(&mut [IoSlice::new(&before.bytes)]);
            self.put(parts);
        });
        state.writing = false;
        self.written.notify_all();
        self.write_waiting(state);
    }

    fn put(&self, mut parts: &mut [IoSlice<'_>]) {
        while parts.iter().any(|part| !part.is_empty()) {
            // One part is most of them, and is written in less.
            let written = match &mut *parts {
                [one] => (&self.output).write(one),
                several => (&self.output).write_vectored(several),
            };
            match written {
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
        while state.writing && state.waiting.bytes.len() > MOST_WAITING {
            self.written.wait(&mut state);
        }
        if state.ended {
            return;
        }
        state.waiting.push(head, body);
        if !GATHERING.get() || state.waiting.bytes.len() > GATHERED {
            self.write_waiting(state);
        }
    }

    fn may_batch(&self) {
        self.state.lock().batches = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linkspan_engine::frame;
    use std::io::{Read, pipe};
    use std::os::fd::OwnedFd;

    /// What arrives of frames that are gathered together.
    fn arrives(may_batch: bool, frames: &[(&[u8], &[u8])]) -> Vec<u8> {
        let (mut from, to) = pipe().unwrap();
        let writer = Writer::new(File::from(OwnedFd::from(to)));
        if may_batch {
            writer.may_batch();
        }
        writer.gather();
        frames.iter().for_each(|(head, body)| writer.write(head, body));
        writer.flush();
        drop(writer);
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        all
    }

    fn behind_length(frame: &[u8]) -> Vec<u8> {
        [&(frame.len() as u32).to_be_bytes()[..], frame].concat()
    }

    #[test]
    fn several_replies_are_one_frame_for_who_sends_batches() {
        let (one, two) = (frame::reply(b"1", 0), frame::reply(b"2", 0));
        let each = [behind_length(&[&one[..], b"a"].concat()), behind_length(&[&two[..], b"b"].concat())].concat();
        let replies: [(&[u8], &[u8]); 2] = [(&one, b"a"), (&two, b"b")];
        assert_eq!(arrives(true, &replies), behind_length(&[&[kind::REPLIES][..], &each].concat()));
        assert_eq!(arrives(false, &replies), each);
    }

    #[test]
    fn one_reply_and_what_is_no_reply_stay_frames_of_their_own() {
        let reply = frame::reply(b"1", 0);
        let alone = behind_length(&reply);
        assert_eq!(arrives(true, &[(&reply, b"")]), alone);
        let event = behind_length(&[&frame::EVENT[..], b"news"].concat());
        let mixed: [(&[u8], &[u8]); 3] = [(&frame::EVENT, b"news"), (&reply, b""), (&reply, b"")];
        assert_eq!(arrives(true, &mixed), [event, alone.clone(), alone].concat());
    }
}
