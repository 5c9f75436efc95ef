//! io_ready_exit_drv: ends its port from `ready_input` or `ready_output`, with the event still watched.
#![forbid(unsafe_code)]

use std::io::{PipeReader, PipeWriter, Write, pipe};

use erl_driver::{Control, Driver, Event, Locking, Mode, Port, Refusal, Replied};

#[derive(Default)]
struct IoReadyExit {
    pipe: Option<(PipeReader, PipeWriter)>,
}

impl Driver for IoReadyExit {
    const LOCKING: Locking = Locking::Driver;

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(IoReadyExit::default())
    }

    fn stop(self, port: &Port<'_>) {
        if let Some((reader, _)) = &self.pipe {
            let _ = port.select(reader, Mode::READ | Mode::WRITE, false);
        }
    }

    fn ready_output(&mut self, port: &Port<'_>, _event: Event) {
        port.fail_atom(c"ready_output_driver_failure");
    }

    fn ready_input(&mut self, port: &Port<'_>, _event: Event) {
        port.fail_atom(c"ready_input_driver_failure");
    }

    fn control<'a>(&mut self, port: &Port<'_>, _operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let Ok((reader, mut writer)) = pipe() else { return reply.bytes(b"pipe failed") };
        let _ = writer.write(b"!");
        let _ = port.select(&reader, Mode::READ | Mode::WRITE, true);
        self.pipe = Some((reader, writer));
        reply.bytes(b"ok")
    }
}

erl_driver::driver!(IoReadyExit: start, stop, ready_input, ready_output, control);
