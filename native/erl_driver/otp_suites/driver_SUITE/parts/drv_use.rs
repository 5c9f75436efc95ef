//! A script of what to watch and which callback must follow on it.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, pipe};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use erl_driver::{Event, Mode, Port};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Callback {
    Control,
    ReadyInput,
    ReadyOutput,
    Timeout,
    StopSelect,
    Stop,
}

#[derive(Clone, Copy)]
enum Which {
    Input,
    Output,
    PipeReader,
    PipeWriter,
}

use Callback::{ReadyInput, ReadyOutput, StopSelect, Timeout};
use Which::{Input, Output};

const READ: Mode = Mode::READ;
const WRITE: Mode = Mode::WRITE;
const USE: Mode = Mode::USE;

/// What to select, and the callback that follows.
type Step = (&'static [(Which, &'static [Mode], bool)], Callback);

const SCRIPT: &[Step] = &[
    (&[(Input, &[READ, USE], true)], ReadyInput),
    (&[(Input, &[READ, USE], false)], StopSelect),
    (&[(Output, &[WRITE, USE], true)], ReadyOutput),
    (&[(Output, &[WRITE, USE], false)], StopSelect),
    (&[(Input, &[READ, USE], true)], ReadyInput),
    (&[(Input, &[READ], false)], Timeout),
    (&[(Output, &[WRITE, USE], true)], ReadyOutput),
    (&[(Output, &[WRITE], false)], Timeout),
    (&[(Input, &[USE], false)], StopSelect),
    (&[(Output, &[USE], false)], StopSelect),
    (&[(Input, &[READ], true)], ReadyInput),
    (&[(Input, &[USE], false)], StopSelect),
    (&[(Output, &[WRITE], true)], ReadyOutput),
    (&[(Output, &[USE], false)], StopSelect),
    (&[(Which::PipeReader, &[READ, USE], true)], Timeout),
    // `stop_select` may come in between, and must not later.
    (&[(Which::PipeReader, &[USE], false), (Which::PipeReader, &[READ, USE], true)], Timeout),
    (&[(Which::PipeReader, &[USE], false)], StopSelect),
    // Once more, though it is not in use.
    (&[(Which::PipeReader, &[USE], false)], StopSelect),
    (&[(Which::PipeWriter, &[READ, WRITE, USE], true)], ReadyOutput),
    // Does not stop it all.
    (&[(Which::PipeWriter, &[READ, Mode::USE_NO_CALLBACK], false)], ReadyOutput),
    (&[(Which::PipeWriter, &[WRITE, Mode::USE_NO_CALLBACK], false)], Timeout),
];

/// What `stop_select` was told.
enum Stopped {
    /// Nobody wants to know.
    Ignored,
    Nothing,
    Fd(RawFd),
}

static STOPPED: Mutex<Stopped> = Mutex::new(Stopped::Ignored);

fn stopped() -> MutexGuard<'static, Stopped> {
    STOPPED.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn ignore_stop_select() {
    *stopped() = Stopped::Ignored;
}

/// Only notes it: it may run inside of `select`. The next timeout finds it.
pub fn stop_select(event: Event) {
    let mut stopped = stopped();
    match *stopped {
        Stopped::Ignored => {}
        Stopped::Nothing => *stopped = Stopped::Fd(event.as_raw_fd()),
        Stopped::Fd(_) => panic!("a second stop_select"),
    }
}

pub struct DrvUse {
    input: File,
    output: File,
    pipe: (PipeReader, PipeWriter),
    /// The steps to come.
    script: std::slice::Iter<'static, Step>,
    expected: Callback,
    expected_fd: RawFd,
    timeouts_left: u32,
}

impl DrvUse {
    pub fn open() -> io::Result<Self> {
        *stopped() = Stopped::Nothing;
        Ok(DrvUse {
            input: File::open("/dev/zero")?,
            output: File::options().write(true).open("/dev/null")?,
            pipe: pipe()?,
            script: SCRIPT.iter(),
            expected: Callback::Control,
            expected_fd: -1,
            timeouts_left: 0,
        })
    }

    pub fn callback(&mut self, port: &Port<'_>, mut callback: Callback) {
        if callback == Callback::Timeout {
            let noted = std::mem::replace(&mut *stopped(), Stopped::Nothing);
            if let Stopped::Fd(fd) = noted {
                assert_eq!(fd, self.expected_fd);
                callback = Callback::StopSelect;
            } else {
                self.timeouts_left -= 1;
                if self.timeouts_left > 0 {
                    return port.set_timer(100);
                }
            }
        }
        assert_eq!(callback, self.expected);
        if callback == Callback::Stop {
            assert!(matches!(*stopped(), Stopped::Nothing), "stop_select without a reason");
            return;
        }
        match self.script.next() {
            Some((selects, next)) => self.step(port, selects, *next),
            None => {
                self.expected = Callback::Stop;
                if callback != Callback::Timeout {
                    port.cancel_timer();
                }
                port.output(b"TheEnd");
            }
        }
    }

    fn step(&mut self, port: &Port<'_>, selects: &[(Which, &[Mode], bool)], next: Callback) {
        for (which, modes, on) in selects {
            let fd = match which {
                Which::Input => self.input.as_raw_fd(),
                Which::Output => self.output.as_raw_fd(),
                Which::PipeReader => self.pipe.0.as_raw_fd(),
                Which::PipeWriter => self.pipe.1.as_raw_fd(),
            };
            let mode = modes.iter().copied().reduce(|all, mode| all | mode).expect("a mode");
            port.select(&Event::of_fd(fd), mode, *on).expect("to be selected");
            self.expected_fd = fd;
        }
        if selects.len() > 1 {
            *stopped() = Stopped::Nothing;
        }
        self.expected = next;
        port.set_timer(100);
        self.timeouts_left = 5;
    }
}
