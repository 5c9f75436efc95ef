//! unlink_signal_drv: floods its owner with signals, ends, and goes on for a while since its queue is not empty.
#![forbid(unsafe_code)]

use erl_driver::{Driver, Monitor, Port, Refusal};

#[derive(Default)]
struct UnlinkSignal {
    timeouts: u32,
}

impl Driver for UnlinkSignal {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(UnlinkSignal::default())
    }

    fn output(&mut self, port: &Port<'_>, _data: &[u8]) {
        port.set_timer(2);
    }

    fn flush(&mut self, port: &Port<'_>) {
        port.set_timer(5);
    }

    fn timeout(&mut self, port: &Port<'_>) {
        self.timeouts += 1;
        if self.timeouts > 1 {
            // Lets the port end.
            port.queue().deq(1).expect("a queue");
            return;
        }
        // Keeps the port until its owner has answered to the unlinking.
        port.queue().enq(b"x").expect("a queue");
        if let Some(owner) = port.connected() {
            // Some number, another for each port.
            for _ in 0..port.raw().addr() % 1000 {
                if let Ok(monitor) = port.monitor(owner) {
                    port.demonitor(&monitor);
                }
            }
        }
        port.exit(0);
    }

    fn process_exit(&mut self, _port: &Port<'_>, _monitor: Monitor) {}
}

erl_driver::driver!(UnlinkSignal: start, stop, output, timeout, flush, process_exit);
