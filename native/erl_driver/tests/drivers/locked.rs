//! A queue behind the data lock, used by callbacks, jobs and a thread.

use std::any::Any;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use erl_driver::thread::JoinHandle;
use erl_driver::{Control, DataLock, Driver, NoQueue, Port, Refusal, Replied, Terms, Vector, env, thread};

struct Locked {
    worker: JoinHandle<()>,
    bodies: Sender<Vec<u8>>,
}

/// Threads that use the lock of a port that has ended. They end before the driver is unloaded.
static OUTLIVED: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

erl_driver::driver!(Locked, "locked_drv": finish, start, stop, outputv, control, flush, ready_async);

impl Driver<DataLock> for Locked {
    fn start(port: &Port<'_, DataLock>, _command: &[u8]) -> Result<Self, Refusal> {
        let (bodies, received) = channel::<Vec<u8>>();
        let (lock, id, atom) = (port.data_lock().clone(), port.id(), port.atom(c"queued"));
        let worker = thread::spawn_with_stack(c"locked_drv", 64, move || {
            for body in received {
                let enqueued = lock.lock().enq(&body);
                let size = lock.lock().sizeq();
                if let (Ok(()), Ok(size)) = (enqueued, size) {
                    let _ = id.output(Terms::new().atom(atom).uint(size).tuple(2));
                }
            }
        })?;
        Ok(Locked { worker, bodies })
    }

    fn finish() {
        let threads = std::mem::take(&mut *OUTLIVED.lock().expect("no panic"));
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    }

    fn stop(self, _port: &Port<'_, DataLock>) {
        drop(self.bodies);
        self.worker.join().expect("the worker ends when nothing can come any more");
    }

    /// At the end of the queue by reference, and what is there is shown.
    fn outputv(&mut self, port: &Port<'_, DataLock>, vector: &Vector<'_>) {
        let mut queue = port.data_lock().lock();
        if queue.enqv(vector, 0).is_err() {
            return port.fail_atom(c"no_queue");
        }
        let shown = queue.peekq().map(|all| all.to_vec()).unwrap_or_default();
        drop(queue);
        port.output(&shown);
    }

    fn control<'a>(
        &mut self,
        port: &Port<'_, DataLock>,
        operation: u32,
        body: &[u8],
        reply: Control<'a>,
    ) -> Replied<'a> {
        let answer = match operation {
            1 => {
                let sent = self.bodies.send(body.to_vec());
                format!("{}", sent.is_ok())
            }
            2 => {
                let lock = port.data_lock();
                let clone = lock.clone();
                let cloned = lock.reference_count();
                drop(clone);
                format!("{}", cloned - lock.reference_count())
            }
            3 => {
                let mut queue = port.data_lock().lock();
                let pushed = queue.pushq(body);
                // More than there is: all of it goes.
                format!("{pushed:?} {:?} {:?}", queue.sizeq(), queue.deq(1 << 20))
            }
            4 => return outlive(port, reply),
            _ => return reply.badarg(),
        };
        reply.bytes(answer.as_bytes())
    }

    /// The queue keeps the port until a job has emptied it.
    fn flush(&mut self, port: &Port<'_, DataLock>) {
        let lock = port.data_lock().clone();
        if port.run_async(None, move || lock.lock().deq(1 << 20)).is_err() {
            port.fail_atom(c"no_job");
        }
    }

    fn ready_async(&mut self, _port: &Port<'_, DataLock>, result: Box<dyn Any + Send>) {
        let emptied = result.downcast::<Result<usize, NoQueue>>();
        assert!(emptied.is_ok_and(|left| *left == Ok(0)));
    }
}

/// Ends the port, whose lock a thread keeps and then finds without a queue.
fn outlive<'a>(port: &Port<'_, DataLock>, reply: Control<'a>) -> Replied<'a> {
    let lock = port.data_lock().clone();
    let outlived = thread::spawn(c"outlived", move || {
        while lock.lock().sizeq().is_ok() {
            std::thread::yield_now();
        }
        let mut queue = lock.lock();
        if (queue.enq(b"x"), queue.deq(1), queue.peekq().map(|_| ())) == (Err(NoQueue), Err(NoQueue), Err(NoQueue)) {
            env::set(c"LOCKED_DRV", c"outlived");
        }
    });
    if let Ok(outlived) = outlived {
        OUTLIVED.lock().expect("no panic").push(outlived);
    }
    port.fail_atom(c"outlived");
    reply.bytes(b"")
}
