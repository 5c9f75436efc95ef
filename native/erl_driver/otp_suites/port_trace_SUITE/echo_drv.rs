//! echo_drv of port_trace_SUITE: puts data out in every way there is, and ends in every way there is.
#![forbid(unsafe_code)]

use std::ffi::CStr;

use erl_driver::thread::{self, JoinHandle};
use erl_driver::{
    Binary, Call, Control, Driver, Entry, Locking, NotSent, Pid, Port, Refusal, Replied, Terms, Vector, env,
};

const OUTPUT: u8 = 1;
const OUTPUT2: u8 = 2;
const OUTPUT_BINARY: u8 = 3;
const OUTPUTV: u8 = 4;
const SET_TIMER: u8 = 5;
const FAILURE_EOF: u8 = 6;
const FAILURE_ATOM: u8 = 7;
const FAILURE_POSIX: u8 = 8;
const FAILURE: u8 = 9;
const OUTPUT_TERM: u8 = 10;
const DRIVER_OUTPUT_TERM: u8 = 11;
const SEND_TERM: u8 = 12;
const DRIVER_SEND_TERM: u8 = 13;
const SAVE_CALLER: u8 = 14;
const REMOTE_SEND_TERM: u8 = 15;

const EAGAIN: i32 = 11;

struct Echo {
    caller: Option<Pid>,
    threads: Vec<JoinHandle<Result<(), NotSent>>>,
}

/// With `OUTPUTV` in the environment it takes vectors, and does nothing with them.
fn load() -> Entry<Echo> {
    let entry = Entry::new("echo_drv").output().finish().control().timeout().call();
    if env::get(c"OUTPUTV").is_some() { entry.outputv() } else { entry }
}

impl Driver for Echo {
    const LOCKING: Locking = Locking::Driver;

    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Echo { caller: port.caller(), threads: Vec::new() })
    }

    fn stop(self, _port: &Port<'_>) {
        for thread in self.threads {
            let _ = thread.join().expect("a thread that ends");
        }
    }

    fn outputv(&mut self, _port: &Port<'_>, _vector: &Vector<'_>) {}

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        let [operation, data @ ..] = data else { return };
        match *operation {
            OUTPUT => {
                port.output(data);
            }
            OUTPUT2 => {
                port.output_headed(b"a", data);
            }
            OUTPUT_BINARY => {
                port.output_binary(b"a", &Binary::copy_from_slice(data).slice(1..));
            }
            OUTPUTV => through_the_queue(port, data),
            SET_TIMER => port.set_timer(10),
            FAILURE_EOF => port.fail_eof(),
            FAILURE_ATOM => port.fail_atom(CStr::from_bytes_until_nul(data).unwrap_or_default()),
            FAILURE_POSIX => port.fail_posix(EAGAIN),
            FAILURE => port.fail(data.first().map_or(0, |code| i32::from(*code))),
            // The functions of the deprecated names do the same.
            OUTPUT_TERM | DRIVER_OUTPUT_TERM => {
                let _ = port.id().output(echo(port, data));
            }
            SEND_TERM | DRIVER_SEND_TERM => {
                let _ = self.caller.map(|caller| port.id().send(caller, echo(port, data)));
            }
            REMOTE_SEND_TERM => self.remote_send(port, data.to_vec()),
            SAVE_CALLER => self.caller = port.caller(),
            _ => {}
        }
    }

    fn control<'a>(&mut self, _port: &Port<'_>, _operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        reply.bytes(body.get(1..).unwrap_or_default())
    }

    fn timeout(&mut self, _port: &Port<'_>) {}

    /// The operation says how many bytes of the term to leave out.
    fn call<'a>(&mut self, _port: &Port<'_>, operation: u32, term: &[u8], reply: Call<'a>) -> Replied<'a> {
        reply.bytes(term.get(operation as usize..).unwrap_or_default())
    }
}

impl Echo {
    fn remote_send(&mut self, port: &Port<'_>, data: Vec<u8>) {
        let (id, name, Some(caller)) = (port.id(), port.atom(c"echo"), self.caller) else { return };
        let send = move || id.send(caller, Terms::new().atom(name).port(id).bytes(&data).tuple(3));
        match thread::spawn(c"tmp_thread", send) {
            Ok(thread) => self.threads.push(thread),
            Err(error) => port.fail_posix(error.raw_os_error().unwrap_or(EAGAIN)),
        }
    }
}

fn echo<'a>(port: &Port<'_>, data: &'a [u8]) -> Terms<'a> {
    Terms::new().atom(port.atom(c"echo")).port(port.id()).bytes(data).tuple(3)
}

fn through_the_queue(port: &Port<'_>, data: &[u8]) {
    let mut queue = port.queue();
    queue.enq(data).expect("an open port");
    port.output_vector(b"a", &queue.peekq().expect("an open port"), 0);
    queue.deq(usize::MAX).expect("an open port");
}

erl_driver::driver!(load);
