//! peek_non_existing_queue_drv: a job looks at the queue of a port that was killed meanwhile.
#![forbid(unsafe_code)]

use std::any::Any;
use std::process::abort;
use std::thread;
use std::time::Duration;

use erl_driver::{AsyncKey, Control, DataLock, Driver, Pid, Refusal, Replied, Terms};

type Port<'a> = erl_driver::Port<'a, DataLock>;

const TEST: u32 = 0;
const WAIT: u32 = 1;

#[derive(Default)]
struct PeekNonExistingQueue {
    caller: Option<Pid>,
    command: u32,
}

impl Driver<DataLock> for PeekNonExistingQueue {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(PeekNonExistingQueue::default())
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        self.command = operation;
        self.caller = port.caller();
        let key = Some(AsyncKey(0));
        let started = match operation {
            TEST => {
                let lock = port.data_lock().clone();
                lock.lock().enq(b"!").expect("an open port");
                port.run_async(key, move || test(&lock))
            }
            // The same key: runs after the test.
            WAIT => port.run_async(key, || {}),
            _ => Ok(()),
        };
        started.expect("an open port");
        reply.bytes(b"ok")
    }

    fn ready_async(&mut self, port: &Port<'_>, _result: Box<dyn Any + Send>) {
        if let (WAIT, Some(caller)) = (self.command, self.caller) {
            let message = Terms::new().port(port.id()).atom(port.atom(c"test_successful")).tuple(2);
            let _ = port.id().send(caller, message);
        }
    }
}

/// There is nobody to tell of a failure but the VM.
fn test(lock: &DataLock) {
    thread::sleep(Duration::from_secs(1));
    let queue = lock.lock();
    if queue.peekq().is_ok() || queue.sizeq().is_ok() {
        abort();
    }
}

erl_driver::driver!(PeekNonExistingQueue: start, stop, control, ready_async);
