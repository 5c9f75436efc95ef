//! async_blast_drv: very many jobs that do nothing; tells when all of them are done.
#![forbid(unsafe_code)]

use std::any::Any;

use erl_driver::{Driver, Pid, Port, Refusal, Terms};

const JOBS: u32 = 10_000;

#[derive(Default)]
struct AsyncBlast {
    caller: Option<Pid>,
    counter: u32,
}

impl Driver for AsyncBlast {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(AsyncBlast::default())
    }

    fn ready_async(&mut self, port: &Port<'_>, _result: Box<dyn Any + Send>) {
        self.counter -= 1;
        if let (0, Some(caller)) = (self.counter, self.caller) {
            let _ = port.id().send(caller, Terms::new().port(port.id()).atom(port.atom(c"done")).tuple(2));
        }
    }

    fn output(&mut self, port: &Port<'_>, _data: &[u8]) {
        if self.counter > 0 {
            return;
        }
        self.caller = port.caller();
        self.counter = JOBS;
        for _ in 0..JOBS {
            if port.run_async(None, || {}).is_err() {
                return port.fail_atom(c"driver_async_failed");
            }
        }
    }
}

erl_driver::driver!(AsyncBlast: start, stop, output, ready_async);
