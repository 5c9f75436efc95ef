//! Pipes that several ports hand to each other while they write to them, watch them and close them.

use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use erl_driver::{Mode, Port, Terms};

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Closed,
    /// Open and not watched: may be handed on.
    Opened,
    Selected,
    /// Written to, and waiting for the reader.
    Waiting,
    /// The port is about to be closed once all is read.
    WaitingDone,
}

struct Pipe {
    ends: Option<(Arc<PipeReader>, PipeWriter)>,
    /// The numbers that are written and read one after the other.
    next_write: u32,
    next_read: u32,
    state: State,
    was_selected: bool,
    random: u64,
}

struct Shared {
    pipes: Vec<Pipe>,
    count: usize,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared { pipes: Vec::new(), count: 0 });

fn shared() -> MutexGuard<'static, Shared> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nothing is shared.
pub fn reset() {
    *shared() = Shared { pipes: Vec::new(), count: 0 };
}

/// A port's part. It has a pipe unless it has handed it on.
#[derive(Default)]
pub struct SmpSelect {
    pipe: Option<Pipe>,
}

impl SmpSelect {
    /// One step, chosen at random.
    pub fn control(&mut self, port: &Port<'_>, body: &[u8]) -> &'static str {
        if body == b"done" {
            let waiting = self.pipe.as_mut().filter(|pipe| pipe.state == State::Waiting);
            return waiting.map_or("ok", |pipe| {
                pipe.state = State::WaitingDone;
                "wait"
            });
        }
        let mut pipe = self.pipe.take().unwrap_or_else(take_or_make);
        if pipe.state == State::Waiting {
            self.pipe = Some(pipe);
            return "yield";
        }
        pipe.step(port).expect("a pipe");
        match pipe.state {
            State::Opened => shared().pipes.push(pipe),
            _ => self.pipe = Some(pipe),
        }
        "ok"
    }

    pub fn ready_input(&mut self, port: &Port<'_>) {
        let pipe = self.pipe.as_mut().expect("a pipe that is watched");
        assert!(matches!(pipe.state, State::Selected | State::Waiting | State::WaitingDone), "{:?}", pipe.state);
        let there = pipe.next_write - pipe.next_read;
        // Events may come for a number that was closed and opened again.
        if there == 0 {
            return;
        }
        let some = (pipe.random() % (there * 4)).min(there);
        for _ in 0..some {
            pipe.read().expect("a number in the pipe");
        }
        if pipe.state != State::WaitingDone {
            pipe.state = State::Selected;
        } else if pipe.next_write == pipe.next_read {
            let _ = port.id().output(Terms::new().port(port.id()).atom(port.atom(c"done")).tuple(2));
            pipe.state = State::Selected;
        }
    }

    /// The last port closes what is shared, too.
    pub fn stop(self, port: &Port<'_>) {
        if let Some(pipe) = self.pipe {
            pipe.free(port);
        }
        let mut shared = shared();
        shared.count = shared.count.saturating_sub(1);
        let last = if shared.count == 0 { std::mem::take(&mut shared.pipes) } else { Vec::new() };
        drop(shared);
        last.into_iter().for_each(|pipe| pipe.free(port));
    }
}

fn take_or_make() -> Pipe {
    let mut shared = shared();
    shared.pipes.pop().unwrap_or_else(|| {
        shared.count += 1;
        Pipe { ends: None, next_write: 0, next_read: 0, state: State::Closed, was_selected: false, random: 1 }
    })
}

impl Pipe {
    fn step(&mut self, port: &Port<'_>) -> io::Result<()> {
        let mut choice = self.random();
        let mut choose = || {
            let yes = choice & 1 == 1;
            choice >>= 1;
            yes
        };
        if self.state == State::Closed {
            self.open()?;
            if choose() {
                return Ok(());
            }
        }
        if self.state == State::Opened {
            if choose() {
                self.write()?;
            }
            if self.was_selected && choose() {
                self.close(port);
                return Ok(());
            }
            let (reader, _) = self.ends.as_ref().expect("open");
            port.watch(reader, Mode::READ).expect("to be watched");
            self.state = State::Selected;
            self.was_selected = true;
            if self.next_write != self.next_read && choose() {
                self.state = State::Waiting;
                return Ok(());
            }
        }
        if choose() {
            self.write()?;
        }
        if choose() {
            let (reader, _) = self.ends.as_ref().expect("open");
            port.select(reader, Mode::READ, false).expect("to be watched no longer");
            self.state = State::Opened;
        }
        if choose() {
            self.write()?;
        }
        Ok(())
    }

    fn open(&mut self) -> io::Result<()> {
        let (reader, writer) = pipe()?;
        self.ends = Some((Arc::new(reader), writer));
        self.next_write = self.random() % 1024;
        self.next_read = self.next_write;
        self.was_selected = false;
        self.state = State::Opened;
        Ok(())
    }

    /// The VM closes the reader when it has let go of it.
    fn close(&mut self, port: &Port<'_>) {
        if let Some((reader, _writer)) = self.ends.take()
            && self.was_selected
        {
            port.release(&reader);
        }
        self.state = State::Closed;
    }

    fn free(mut self, port: &Port<'_>) {
        assert!(!matches!(self.state, State::Waiting | State::WaitingDone), "an event was lost");
        self.close(port);
    }

    fn write(&mut self) -> io::Result<()> {
        let (_, writer) = self.ends.as_mut().expect("open");
        writer.write_all(&self.next_write.to_ne_bytes())?;
        self.next_write += 1;
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        let (reader, _) = self.ends.as_ref().expect("open");
        let mut number = [0; 4];
        (&**reader).read_exact(&mut number)?;
        assert_eq!(u32::from_ne_bytes(number), self.next_read);
        self.next_read += 1;
        Ok(())
    }

    /// Knuth's generator; its high bits.
    fn random(&mut self) -> u32 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as u32
    }
}
