//! thr_msg_blast_drv: many threads send many messages to many processes, some of which end meanwhile.
#![forbid(unsafe_code)]

use erl_driver::thread::{self, JoinHandle};
use erl_driver::{Atom, Control, Driver, Pid, Port, PortId, Refusal, Replied, Terms};

const NO_PROCS: usize = 10;
const NO_SENDS_PER_PROC: usize = 10_000;
const THREADS: usize = 32;

struct ThrMsgBlast {
    hi: Atom,
    threads: Vec<JoinHandle<()>>,
    processes: Vec<Pid>,
}

impl Driver for ThrMsgBlast {
    fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        let creator = port.caller().ok_or(Refusal::General)?;
        Ok(ThrMsgBlast { hi: port.atom(c"hi"), threads: Vec::new(), processes: vec![creator] })
    }

    fn stop(mut self, _port: &Port<'_>) {
        self.join();
    }

    fn control<'a>(&mut self, port: &Port<'_>, _operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        if self.processes.len() >= NO_PROCS {
            self.join();
            return reply.bytes(b"done");
        }
        let Some(caller) = port.caller() else { return reply.bytes(b"error") };
        self.processes.push(caller);
        if self.processes.len() == NO_PROCS {
            for _ in 0..THREADS {
                let (id, hi, processes) = (port.id(), self.hi, self.processes.clone());
                match thread::spawn(c"test", move || blast(id, hi, &processes)) {
                    Ok(thread) => self.threads.push(thread),
                    Err(error) => {
                        port.fail_posix(error.raw_os_error().unwrap_or(0));
                        return reply.bytes(b"error");
                    }
                }
            }
        }
        reply.bytes(b"receiver")
    }
}

impl ThrMsgBlast {
    fn join(&mut self) {
        self.threads.drain(..).for_each(|thread| thread.join().expect("the creator gets all its messages"));
    }
}

fn blast(id: PortId, hi: Atom, processes: &[Pid]) {
    for _ in 0..NO_SENDS_PER_PROC {
        for (i, process) in processes.iter().enumerate() {
            let sent = id.send(*process, Terms::new().port(id).atom(hi).tuple(2));
            assert!(i > 0 || sent.is_ok(), "could not send to the creator");
        }
    }
}

erl_driver::driver!(ThrMsgBlast: start, stop, control);
