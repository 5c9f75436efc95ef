//! The pieces of Rust in docs/erl_driver.md, as a driver: `guide.rs` compares them. Its like in C is `thing.c`.
#![allow(unused_variables, dead_code)] // signatures as the guide shows them, and a file that is only opened

use std::fs::File;
use std::os::unix::net::UnixStream;
use std::str;
use std::sync::Arc;

use erl_driver::{Control, Driver, Mode, NotSent, Pid, Port, Refusal, Replied, Terms};

struct Thing {
    file: File,
}

erl_driver::driver!(Thing, "thing_drv": start, stop, control);

impl Driver for Thing {
    const SOFT_BUSY: bool = true;

    fn start(port: &Port<'_>, command: &[u8]) -> Result<Self, Refusal> {
        let file = File::open(path(command)?)?;
        port.answer_binaries();
        Ok(Thing { file })
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        if operation != 1 {
            return reply.badarg();
        }
        reply.bytes(body)
    }
}

/// What follows the driver's name.
fn path(command: &[u8]) -> Result<&str, Refusal> {
    str::from_utf8(command)
        .ok()
        .and_then(|command| command.split_once(' '))
        .map(|(_, path)| path)
        .ok_or(Refusal::Badarg)
}

fn tell(port: &Port<'_>, to: Pid, buf: &[u8]) -> Result<(), NotSent> {
    port.id().send(to, Terms::new().atom(port.atom(c"ok")).bytes(buf).tuple(2))
}

fn watch(port: &Port<'_>, socket: UnixStream) -> Result<(), Refusal> {
    let socket = Arc::new(socket);
    port.watch(&socket, Mode::READ).map_err(|_| Refusal::General)?;
    port.select(&socket, Mode::WRITE, true).map_err(|_| Refusal::General)?;
    port.release(&socket);
    Ok(())
}
