//! many_events_drv: on Windows, watches as many events as it is told to; elsewhere it gives the number back.
#![forbid(unsafe_code)]

use erl_driver::{Call, Driver, Event, Locking, Port, Refusal, Replied};

struct ManyEvents;

impl Driver for ManyEvents {
    const LOCKING: Locking = Locking::Driver;

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(ManyEvents)
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        let number = std::str::from_utf8(data).ok().and_then(|text| text.parse::<u32>().ok());
        port.output(number.unwrap_or(0).to_string().as_bytes());
    }

    fn ready_input(&mut self, _port: &Port<'_>, _event: Event) {}

    fn call<'a>(&mut self, _port: &Port<'_>, _operation: u32, _term: &[u8], reply: Call<'a>) -> Replied<'a> {
        reply.same()
    }
}

erl_driver::driver!(ManyEvents: start, output, ready_input, call);
