//! Events: what is written to the port comes back through a socket that the VM watches.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use erl_driver::{AsEvent, Control, Driver, Event, Mode, Port, Refusal, Replied, env};

struct Watch {
    near: Arc<UnixStream>,
    far: UnixStream,
}

erl_driver::driver!(Watch, "watch_drv": start, stop, output, control, ready_input, ready_output, stop_select,
    emergency_close);

impl Driver for Watch {
    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        let near = Arc::new(near);
        port.watch(&near, Mode::READ).map_err(|_| Refusal::General)?;
        Ok(Watch { near, far })
    }

    fn stop(self, port: &Port<'_>) {
        port.release(&self.near);
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        if let Err(error) = self.far.write_all(data) {
            port.fail_posix(error.raw_os_error().unwrap_or_default());
        }
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        match operation {
            1 => {
                let selected = port.select(&self.near, Mode::WRITE, true);
                reply.bytes(format!("{selected:?}").as_bytes())
            }
            2 => {
                let bad = port.select(&Event::of_fd(-1), Mode::READ, true);
                reply.bytes(format!("{bad:?}").as_bytes())
            }
            _ => reply.badarg(),
        }
    }

    fn ready_input(&mut self, port: &Port<'_>, event: Event) {
        assert_eq!(event, self.near.as_event());
        let mut room = [0; 100];
        match (&*self.near).read(&mut room) {
            Ok(0) => port.fail_eof(),
            Ok(len) => {
                port.output(&room[..len]);
            }
            // Nothing there after all.
            Err(_) => {}
        }
    }

    fn ready_output(&mut self, port: &Port<'_>, event: Event) {
        // The VM asks until it is told to stop.
        let stopped = port.select(&event, Mode::WRITE, false);
        port.output(format!("writable {stopped:?}").as_bytes());
    }

    fn emergency_close() {
        // Not `env`: the VM is about to end.
        let _ = std::fs::write("emergency_close", "called");
    }

    fn stop_select(_event: Event) {
        env::set(c"WATCH_DRV", c"let go");
    }
}
