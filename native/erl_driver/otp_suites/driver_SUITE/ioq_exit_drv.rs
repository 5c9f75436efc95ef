//! ioq_exit_drv: a closed port whose queue is emptied by `ready_input`, `ready_output`, `timeout` or `ready_async`, with
//! or without a job in between. The queue has a data lock.
#![forbid(unsafe_code)]

use std::any::Any;
use std::fs::File;
use std::os::fd::AsRawFd;

use erl_driver::{Control, DataLock, Driver, Event, Mode, Refusal, Replied};

type Port<'a> = erl_driver::Port<'a, DataLock>;

const READY_INPUT: u32 = 1;
const READY_OUTPUT: u32 = 2;
const TIMEOUT: u32 = 3;
const READY_ASYNC: u32 = 4;
const READY_INPUT_ASYNC: u32 = 6;
const READY_OUTPUT_ASYNC: u32 = 7;
const TIMEOUT_ASYNC: u32 = 8;

#[derive(Default)]
struct IoqExit {
    test: u32,
    input: Option<File>,
    output: Option<File>,
}

impl Driver<DataLock> for IoqExit {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(IoqExit::default())
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let opened = match operation {
            READY_INPUT | READY_INPUT_ASYNC => File::open("/dev/zero").map(|file| self.input = Some(file)),
            READY_OUTPUT | READY_OUTPUT_ASYNC => {
                File::options().write(true).open("/dev/null").map(|file| self.output = Some(file))
            }
            TIMEOUT | TIMEOUT_ASYNC | READY_ASYNC => Ok(()),
            _ => return reply.bytes(b"error: command not supported"),
        };
        if let Err(error) = opened {
            port.fail_posix(error.raw_os_error().unwrap_or(0));
            return reply.bytes(b"");
        }
        port.data_lock().lock().enq(b"!").expect("an open port");
        self.test = operation;
        reply.bytes(b"ok")
    }

    fn stop(self, port: &Port<'_>) {
        if let Some(input) = &self.input {
            let _ = port.select(input, Mode::READ, false);
        }
        if let Some(output) = &self.output {
            let _ = port.select(output, Mode::WRITE, false);
        }
        if let TIMEOUT | TIMEOUT_ASYNC = self.test {
            port.cancel_timer();
        }
    }

    fn flush(&mut self, port: &Port<'_>) {
        match self.test {
            READY_INPUT | READY_INPUT_ASYNC => {
                let input = self.input.as_ref().expect("opened in control");
                port.select(input, Mode::READ, true).expect("to be watched");
            }
            READY_OUTPUT | READY_OUTPUT_ASYNC => {
                let output = self.output.as_ref().expect("opened in control");
                port.select(output, Mode::WRITE, true).expect("to be watched");
            }
            TIMEOUT | TIMEOUT_ASYNC => port.set_timer(0),
            READY_ASYNC => do_async(port),
            _ => {}
        }
    }

    fn ready_input(&mut self, port: &Port<'_>, event: Event) {
        if let Some(input) = self.input.take_if(|input| input.as_raw_fd() == event.as_raw_fd()) {
            let _ = port.select(&input, Mode::READ, false);
            drop(input);
            if self.test == READY_INPUT_ASYNC { do_async(port) } else { deq(port) }
        }
    }

    fn ready_output(&mut self, port: &Port<'_>, event: Event) {
        if let Some(output) = self.output.take_if(|output| output.as_raw_fd() == event.as_raw_fd()) {
            let _ = port.select(&output, Mode::WRITE, false);
            drop(output);
            if self.test == READY_OUTPUT_ASYNC { do_async(port) } else { deq(port) }
        }
    }

    fn timeout(&mut self, port: &Port<'_>) {
        if self.test == TIMEOUT_ASYNC { do_async(port) } else { deq(port) }
    }

    fn ready_async(&mut self, port: &Port<'_>, _result: Box<dyn Any + Send>) {
        deq(port);
    }
}

fn do_async(port: &Port<'_>) {
    port.run_async(None, || {}).expect("to be started while the port closes");
}

fn deq(port: &Port<'_>) {
    port.data_lock().lock().deq(1).expect("a queue");
}

erl_driver::driver!(IoqExit: start, stop, ready_input, ready_output, control, timeout, ready_async, flush);
