//! thr_alloc_drv: a thread allocates memory of the VM, frees it and ends.
#![forbid(unsafe_code)]

use erl_driver::{Control, Driver, Memory, Port, Refusal, Replied, thread};

struct ThrAlloc;

impl Driver for ThrAlloc {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(ThrAlloc)
    }

    fn control<'a>(&mut self, port: &Port<'_>, _operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let size = std::str::from_utf8(body).ok().and_then(|size| size.parse::<usize>().ok());
        let Some(size) = size.filter(|size| *size > 0) else { return reply.bytes(b"failure") };
        match thread::spawn(c"test_thread", move || drop(Memory::zeroed(size))) {
            Ok(thread) => reply.bytes(if thread.join().is_ok() { b"ok" } else { b"failure" }),
            Err(error) => {
                port.fail_posix(error.raw_os_error().unwrap_or(0));
                reply.bytes(b"failure")
            }
        }
    }
}

erl_driver::driver!(ThrAlloc: start, control);
