//! otp_9302_drv: jobs with the same key run one after the other, and send messages from their thread.
#![forbid(unsafe_code)]

use std::any::Any;
use std::thread;
use std::time::Duration;

use erl_driver::{Driver, Port, Refusal, Terms};

struct Otp9302;

impl Driver for Otp9302 {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Otp9302)
    }

    fn ready_async(&mut self, _port: &Port<'_>, _result: Box<dyn Any + Send>) {}

    fn output(&mut self, port: &Port<'_>, _data: &[u8]) {
        let (id, key) = (port.id(), port.async_key());
        let Some(receiver) = port.caller() else { return };
        for (job, name) in [c"block", c"job", c"cancel", c"job", c"end_of_jobs"].into_iter().enumerate() {
            let message = port.atom(name);
            let started = port.run_async(Some(key), move || {
                if job == 0 {
                    thread::sleep(Duration::from_secs(2));
                }
                let _ = id.send(receiver, Terms::new().port(id).atom(message).tuple(2));
            });
            started.expect("an open port");
        }
    }
}

erl_driver::driver!(Otp9302: start, stop, output, ready_async);
