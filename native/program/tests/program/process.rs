//! The running program, on which the other files stand.

use std::ffi::OsStr;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use linkspan_engine::frame::kind;

/// Operations of the echo service.
pub mod operation {
    pub const ECHO: u32 = 1;
    pub const ECHO_LONG: u32 = 2;
    pub const SLEEP: u32 = 3;
    pub const PANIC: u32 = 5;
    pub const FAIL: u32 = 6;
    pub const EMIT: u32 = 7;
    pub const COUNT: u32 = 9;
    pub const PRINT: u32 = 10;
    pub const HOST: u32 = 11;
    pub const ARGUMENT: u32 = 12;
    pub const HANG: u32 = 14;
    pub const PANIC_SHORT: u32 = 15;
}

/// Statuses of answers.
pub mod status {
    pub const OK: u8 = 0;
    pub const FAILED: u8 = 2;
    pub const PANICKED: u8 = 3;
    pub const CANCELLED: u8 = 6;
    pub const CLOSED: u8 = 8;
    pub const PROTOCOL: u8 = 9;
    pub const MISSING: u8 = 10;
}

/// Only bounds a hang: nothing that works takes a noticeable part of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The executable as cargo has built it.
pub fn executable() -> PathBuf {
    env!("CARGO_BIN_EXE_linkspan_program").into()
}

/// The echo service's library: cargo puts it beside the tests that depend on it.
pub fn echo_library() -> PathBuf {
    let name = format!("{}linkspan_echo{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    std::env::current_exe().unwrap().with_file_name(name)
}

/// A frame from the program.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    Reply { tag: Vec<u8>, status: u8, body: Vec<u8> },
    Event(Vec<u8>),
    Ended { status: u8, body: Vec<u8> },
}

/// An answer.
pub fn reply(tag: &str, status: u8, body: impl AsRef<[u8]>) -> Frame {
    Frame::Reply { tag: tag.into(), status, body: body.as_ref().to_vec() }
}

/// A request frame behind its length.
pub fn request(kind: u8, tag: &str, parts: &[&[u8]]) -> Vec<u8> {
    let frame = [&[kind], &(tag.len() as u16).to_be_bytes()[..], tag.as_bytes(), &parts.concat()].concat();
    [&(frame.len() as u32).to_be_bytes()[..], &frame].concat()
}

/// A call without a time-out.
pub fn call(tag: &str, operation: u32, body: impl AsRef<[u8]>) -> Vec<u8> {
    request(kind::CALL, tag, &[&operation.to_be_bytes(), &u32::MAX.to_be_bytes(), body.as_ref()])
}

/// A `load` of the echo service.
pub fn load(tag: &str) -> Vec<u8> {
    let path = echo_library().into_os_string().into_encoded_bytes();
    request(kind::LOAD, tag, &[&[1], &(path.len() as u32).to_be_bytes(), &path, b"echo"])
}

/// A `start` with an argument.
pub fn start(tag: &str, argument: &str) -> Vec<u8> {
    request(kind::START, tag, &[&4096_u64.to_be_bytes(), &(1_u64 << 28).to_be_bytes(), &[0], argument.as_bytes()])
}

/// The program, with its descriptors 3 and 4 on pipes, nothing to read and its stdout on its stderr.
pub struct Process {
    child: Child,
    /// What the program reads frames from; taken out, the port is closed.
    pub input: Option<ChildStdin>,
    frames: Receiver<Frame>,
    printed: Receiver<String>,
}

impl Process {
    pub fn spawn<A: AsRef<OsStr>>(executable: &Path, arguments: &[A]) -> Self {
        let script = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null 1>&2"#;
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(executable).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (output, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (sender, frames) = unbounded();
        thread::spawn(move || read(output, &sender));
        let (sender, printed) = bounded(1);
        thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            let _ = sender.send(String::from_utf8_lossy(&text).into_owned());
        });
        Process { input: child.stdin.take(), child, frames, printed }
    }

    /// The program with the echo service started in it.
    pub fn with_echo() -> Self {
        let mut process = Process::spawn::<&str>(&executable(), &[]);
        process.send(&load("load"));
        assert!(matches!(process.next(), Frame::Reply { status: status::OK, .. }));
        process.send(&start("start", ""));
        assert_eq!(process.next(), reply("start", status::OK, ""));
        process
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes bytes to the program, which may have ended already.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.input.as_mut().expect("not yet closed").write_all(bytes);
    }

    /// Waits for the next frame.
    pub fn next(&self) -> Frame {
        self.frames.recv_timeout(PATIENCE).expect("a frame")
    }

    /// Waits for all frames up to the end.
    pub fn rest(&self) -> Vec<Frame> {
        let mut rest = Vec::new();
        loop {
            match self.frames.recv_timeout(PATIENCE) {
                Ok(frame) => rest.push(frame),
                Err(RecvTimeoutError::Disconnected) => return rest,
                Err(RecvTimeoutError::Timeout) => panic!("does not end: {rest:?}"),
            }
        }
    }

    /// Waits until a deferred request runs.
    pub fn until_busy(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.send(&request(kind::INFO, "info", &[]));
            match self.next() {
                // State, open requests, their bytes, inline runs, deferred runs.
                Frame::Reply { body, .. } if body[25..33] != [0; 8] => return,
                Frame::Reply { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        panic!("no deferred request ever runs");
    }

    /// Closes the reading end of the program's output with the next frame that arrives.
    pub fn stop_reading(&mut self) {
        self.frames = crossbeam_channel::never();
    }

    /// Waits for the end of the process. Returns its status and what it printed.
    pub fn end(mut self) -> (ExitStatus, String) {
        let printed = self.printed.recv_timeout(PATIENCE).expect("the process ends");
        (self.child.wait().unwrap(), printed)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads frames until the program closes its end or nobody wants them any more.
fn read(output: ChildStdout, frames: &Sender<Frame>) {
    let mut output = BufReader::new(output);
    let mut len = [0; 4];
    while output.read_exact(&mut len).is_ok() {
        let mut frame = vec![0; u32::from_be_bytes(len) as usize];
        output.read_exact(&mut frame).expect("a whole frame");
        if frames.send(parse(frame)).is_err() {
            return;
        }
    }
}

fn parse(mut frame: Vec<u8>) -> Frame {
    match frame[0] {
        kind::REPLY => {
            let body = frame.split_off(4 + usize::from(u16::from_be_bytes([frame[1], frame[2]])));
            let status = *frame.last().unwrap();
            Frame::Reply { tag: frame[3..frame.len() - 1].to_vec(), status, body }
        }
        kind::EVENT => Frame::Event(frame[1..].to_vec()),
        kind::ENDED => Frame::Ended { status: frame[1], body: frame[2..].to_vec() },
        other => panic!("a frame of kind {other}"),
    }
}
