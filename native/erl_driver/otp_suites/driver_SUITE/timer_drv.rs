//! timer_drv: sets, cancels and resets the port's timer, and tells when it fires. One port at a time.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use erl_driver::{Driver, InitFailed, Locking, Port, Refusal, time};

const START_TIMER: u8 = 0;
const CANCEL_TIMER: u8 = 1;
const DELAY_START_TIMER: u8 = 2;
const TIMER: u8 = 3;
const CANCELLED: u8 = 4;

static OPEN: AtomicBool = AtomicBool::new(false);

struct Timer;

impl Driver for Timer {
    const LOCKING: Locking = Locking::Driver;

    fn init() -> Result<(), InitFailed> {
        OPEN.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        if OPEN.swap(true, Ordering::Relaxed) {
            return Err(Refusal::General);
        }
        Ok(Timer)
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        match data {
            &[START_TIMER, a, b, c, d] => port.set_timer(u32::from_be_bytes([a, b, c, d])),
            [CANCEL_TIMER, ..] => {
                port.cancel_timer();
                port.output(&[CANCELLED]);
            }
            &[DELAY_START_TIMER, a, b, c, d] => {
                sleep(Duration::from_secs(1));
                port.set_timer(u32::from_be_bytes([a, b, c, d]));
            }
            _ => {}
        }
    }

    fn stop(self, _port: &Port<'_>) {
        OPEN.store(false, Ordering::Relaxed);
    }

    fn timeout(&mut self, port: &Port<'_>) {
        port.output(&[TIMER]);
    }
}

/// Not too short by the VM's clock.
fn sleep(duration: Duration) {
    let end = now() + duration.as_micros() as i64;
    while let left @ 1.. = end - now() {
        thread::sleep(Duration::from_micros(left as u64));
    }
}

fn now() -> i64 {
    time::monotonic(time::Unit::Microsecond).expect("in a callback")
}

erl_driver::driver!(Timer: init, start, stop, output, timeout);
