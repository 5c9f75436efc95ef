//! A service that goes wrong where its start argument says, in each of its callbacks, and takes what a process has little
//! of.

use std::fs::File;
use std::hint::black_box;
use std::panic::panic_any;
use std::path::Path;
use std::process::{Command, abort};
use std::thread;
use std::time::Duration;

use linkspan::{Context, Cost, Error, Operation, Reply, Request, Result, Service};

mod operation {
    pub const ECHO: u32 = 1;
    pub const ECHO_LONG: u32 = 2;
    pub const PANIC: u32 = 3;
    pub const PANIC_LONG: u32 = 4;
    pub const UNKNOWN_COST: u32 = 5;
    pub const PANIC_WITH: u32 = 6;
    pub const OVERFLOW: u32 = 7;
    pub const ABORT: u32 = 8;
    pub const OPEN_FILES: u32 = 9;
    pub const CLOSE_FILES: u32 = 10;
    pub const SPAWN: u32 = 11;
    pub const CLOSE: u32 = 12;
}

/// State of one instance.
#[derive(Debug)]
pub struct Faulty {
    fault: Vec<u8>,
    files: Vec<File>,
}

impl Faulty {
    /// Does what is wrong, if this is the place for it.
    fn at(&self, place: &str) {
        at(&self.fault, place);
    }
}

/// `panic PLACE`, `hang PLACE`, or `await PLACE FILE`: until there is one.
fn at(fault: &[u8], place: &str) {
    let words: Vec<_> = std::str::from_utf8(fault).unwrap_or_default().split(' ').collect();
    match words[..] {
        ["panic", wrong] if wrong == place => panic!("told to panic in {place}"),
        ["hang", wrong] if wrong == place => loop {
            // Asks nobody whether it should end, and takes no processor time.
            thread::park();
        },
        ["await", wrong, file] if wrong == place => {
            while !Path::new(file).exists() {
                thread::sleep(Duration::from_millis(1));
            }
        }
        _ => {}
    }
}

impl Service for Faulty {
    const NAME: &'static str = "faulty";
    const OPERATIONS: &'static [Operation] = &[
        Operation::new(operation::ECHO, "echo"),
        Operation::new(operation::ECHO_LONG, "echo_long"),
        Operation::new(operation::PANIC, "panic"),
        Operation::new(operation::PANIC_LONG, "panic_long"),
        Operation::new(operation::UNKNOWN_COST, "unknown_cost"),
        Operation::new(operation::PANIC_WITH, "panic_with"),
        Operation::new(operation::OVERFLOW, "overflow"),
        Operation::new(operation::ABORT, "abort"),
        Operation::new(operation::OPEN_FILES, "open_files"),
        Operation::new(operation::CLOSE_FILES, "close_files"),
        Operation::new(operation::SPAWN, "spawn"),
        Operation::new(operation::CLOSE, "close"),
    ];

    fn start(argument: &[u8], _cx: &Context<'_>) -> Result<Self> {
        at(argument, "start");
        Ok(Faulty { fault: argument.to_vec(), files: Vec::new() })
    }

    fn call(&mut self, request: Request<'_>, _cx: &Context<'_>) -> Result<Reply> {
        self.at("call");
        match request.operation() {
            operation::ECHO | operation::ECHO_LONG | operation::UNKNOWN_COST => {
                return Ok(Reply::bytes(request.to_bytes()));
            }
            operation::PANIC | operation::PANIC_LONG => panic!("told to panic"),
            operation::PANIC_WITH => panic_any(PanicsItself),
            operation::OVERFLOW => return Ok(Reply::copy(&descend(0).to_be_bytes())),
            operation::ABORT => abort(),
            operation::OPEN_FILES => self.open_files(number(&request)?)?,
            operation::CLOSE_FILES => self.files.clear(),
            operation::SPAWN => spawn()?,
            operation::CLOSE => close(number(&request)?)?,
            other => unreachable!("operation {other} is not declared"),
        }
        Ok(Reply::empty())
    }

    fn cast(&mut self, request: Request<'_>, cx: &Context<'_>) -> Result<()> {
        self.at("cast");
        self.call(request, cx).map(drop)
    }

    fn stop(self, _cx: &Context<'_>) {
        self.at("stop");
    }

    fn cost(operation: u32, body: usize) -> Cost {
        match operation {
            // Not while it is loaded, when it is asked with an empty body: the panic is printed.
            operation::UNKNOWN_COST if body > 0 => panic!("told to panic in cost"),
            operation::UNKNOWN_COST => Cost::Learn,
            operation::ECHO | operation::PANIC | operation::PANIC_WITH => Cost::Short,
            _ => Cost::Long,
        }
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        // Two panics at once end the process, whoever catches them.
        if !thread::panicking() {
            self.at("drop");
        }
    }
}

impl Faulty {
    fn open_files(&mut self, count: usize) -> Result<()> {
        for opened in 0..count {
            match File::open("/dev/null") {
                Ok(file) => self.files.push(file),
                Err(error) => {
                    return Err(Error::new(error.raw_os_error().unwrap_or(0) as u32, format!("{opened} were opened")));
                }
            }
        }
        Ok(())
    }
}

/// What is thrown, and throws when it is thrown away.
struct PanicsItself;

impl Drop for PanicsItself {
    fn drop(&mut self) {
        panic!("a payload that panics");
    }
}

/// Uses up the stack.
#[allow(unconditional_recursion)] // that is its purpose
fn descend(depth: u64) -> u64 {
    let frame = black_box([depth; 128]);
    descend(depth + 1) + frame[0]
}

/// Starts a thread and a program.
fn spawn() -> Result<()> {
    let refused = |error: std::io::Error| Error::new(11, error.to_string());
    let thread = thread::Builder::new().spawn(|| ()).map_err(refused)?;
    let _ = thread.join();
    let status = Command::new("true").status().map_err(refused)?;
    if status.success() { Ok(()) } else { Err(Error::new(1, "true is false")) }
}

/// Closes a descriptor that belongs to somebody else.
#[allow(unsafe_code)] // what it does is wrong on purpose, and of the program host alone
fn close(descriptor: usize) -> Result<()> {
    use std::os::fd::{FromRawFd, OwnedFd};
    // SAFETY: none: its owner goes on using it. That gives errors on a file, and no memory is touched.
    drop(unsafe { OwnedFd::from_raw_fd(descriptor as i32) });
    Ok(())
}

fn number(request: &Request<'_>) -> Result<usize> {
    let text = std::str::from_utf8(request.body()).map_err(Error::bad_request)?;
    text.parse().map_err(|_| Error::bad_request("the body is to be a decimal number"))
}
