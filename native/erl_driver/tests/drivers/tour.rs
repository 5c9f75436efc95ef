//! One operation for each part of the API that is not tried by OTP's own drivers.

use std::any::Any;
use std::ffi::CStr;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use erl_driver::time::{self, Unit};
use erl_driver::{
    Binary, BinaryMut, BusyLimits, Call, Control, Driver, DriverAllocator, InitFailed, Mode, Monitor, NoQueue,
    NotMonitored, Pid, Port, Refusal, Replied, Terms, Vector, VectorBuilder, env, panic, system,
};

/// What Rust allocates is counted with what the VM allocates for drivers: a test looks for leaks there.
#[global_allocator]
static ALLOCATOR: DriverAllocator = DriverAllocator;

/// The state of one port. The label is on the heap: freed under a callback, it would be found out.
struct Tour {
    label: String,
    reader: Option<Pid>,
    monitor: Option<Monitor>,
}

erl_driver::driver!(Tour: init, finish, start, stop, outputv, control, call, timeout, ready_async, process_exit);

impl Driver for Tour {
    fn init() -> Result<(), InitFailed> {
        env::set(c"TOUR_DRV", c"loaded");
        panic::set_hook(|panicked| {
            let told = format!("{}: {}\0", panicked.callback, panicked.message);
            let told = CStr::from_bytes_with_nul(told.as_bytes()).unwrap_or(c"");
            env::set(c"TOUR_DRV_PANIC", told);
        });
        // What it says on standard error is of no use here.
        std::panic::set_hook(Box::new(|_| {}));
        Ok(())
    }

    fn finish() {
        env::set(c"TOUR_DRV", c"finished");
    }

    fn start(port: &Port<'_>, command: &[u8]) -> Result<Self, Refusal> {
        let label = command.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
        match label {
            b"general" => Err(Refusal::General),
            b"badarg" => Err(Refusal::Badarg),
            b"enoent" => Err(std::fs::File::open("/nowhere").err().map_or(Refusal::General, Refusal::from)),
            b"failing" => {
                port.fail_posix(13);
                Ok(Tour::new(label))
            }
            b"panicking" => panic!("in start"),
            _ => Ok(Tour::new(label)),
        }
    }

    fn stop(self, port: &Port<'_>) {
        // Changes nothing: an answer in the other form may be on its way.
        port.answer_lists();
        let label = format!("{}\0", self.label);
        env::set(c"TOUR_DRV_STOPPED", CStr::from_bytes_with_nul(label.as_bytes()).unwrap_or(c""));
    }

    /// Sends back a copy with a head, the vector itself without its first byte, and one made here.
    fn outputv(&mut self, port: &Port<'_>, vector: &Vector<'_>) {
        let mut copy = vec![0; vector.len() + 1];
        let len = vector.copy_to(&mut copy);
        port.output_headed(b"copy ", &copy[..len]);
        port.output_vector(b"", vector, 1);
        let parts: Vec<Binary> = vector.parts().map(|part| part.to_binary()).collect();
        let mut built = VectorBuilder::new();
        built.bytes(b"<");
        parts.iter().for_each(|part| {
            built.binary(part);
        });
        port.output_vector(b"", &built.bytes(b">").vector(), 0);
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let answer = match operation {
            1 => format!("{} {}", port.is_binary(), port.is_line()),
            2 => self.timer(port),
            3 => self.jobs(port),
            4 => self.create(port, body),
            5 => self.watch_caller(port),
            6 => self.send_all_tags(port, body),
            7 => binaries(),
            8 => limits(port),
            9 => times(),
            10 => {
                port.set_os_pid(4711);
                format!("{} {} {}", system::errno_name(2), system::errno_name(32), system::errno_name(-5))
            }
            11 => self.label.clone(),
            12 => return self.end(port, body, reply),
            13 => panic!("on purpose: {}", String::from_utf8_lossy(body)),
            14 => return self.answer(port, body, reply),
            15 => format!("{:?}", system::info()),
            16 => {
                self.reader = port.connected();
                port.set_timer(0);
                "set".into()
            }
            17 => {
                let started = port.run_async(None, || panic!("in a job"));
                format!("{started:?}")
            }
            18 => unreleased(port),
            19 => queue(port).unwrap_or_else(|NoQueue| "no queue".into()),
            // Held twice: a panic.
            20 => format!("{:?} {:?}", port.queue(), port.queue()),
            _ => return reply.badarg(),
        };
        reply.bytes(answer.as_bytes())
    }

    fn call<'a>(&mut self, _port: &Port<'_>, operation: u32, term: &[u8], reply: Call<'a>) -> Replied<'a> {
        match operation {
            1 => reply.same(),
            2 => reply.bytes(term),
            3 => reply.bytes(b"no term"),
            _ => reply.badarg(),
        }
    }

    fn timeout(&mut self, port: &Port<'_>) {
        let message = Terms::new().atom(port.atom(c"timeout")).port(port.id()).tuple(2);
        if let Some(reader) = self.reader {
            let _ = port.id().send(reader, message);
        }
    }

    fn ready_async(&mut self, port: &Port<'_>, result: Box<dyn Any + Send>) {
        let number = result.downcast::<u64>().map_or(0, |number| *number);
        let _ = port.id().output(Terms::new().atom(port.atom(c"job")).uint64(number).tuple(2));
    }

    fn process_exit(&mut self, port: &Port<'_>, monitor: Monitor) {
        let same = self.monitor.take() == Some(monitor);
        let dead = port.monitored(&monitor);
        let message = Terms::new().atom(port.atom(if same { c"dead" } else { c"another" }));
        if let Some(dead) = dead {
            let _ = port.id().output(message.pid(dead).tuple(2));
        }
    }
}

impl Tour {
    fn new(label: &[u8]) -> Self {
        Tour { label: String::from_utf8_lossy(label).into_owned(), reader: None, monitor: None }
    }

    fn timer(&self, port: &Port<'_>) -> String {
        let unset = port.timer_left();
        port.set_timer(100_000);
        let set = port.timer_left();
        port.cancel_timer();
        format!("{unset} {} {}", (90_000..=100_000).contains(&set), port.timer_left())
    }

    /// Jobs with one key come back in the order in which they went.
    fn jobs(&self, port: &Port<'_>) -> String {
        let key = port.async_key();
        let started = (1..=100_u64).filter(|&number| port.run_async(Some(key), move || number).is_ok()).count();
        format!("{started} {}", key == port.async_key())
    }

    fn create(&self, port: &Port<'_>, label: &[u8]) -> String {
        let Some(owner) = port.caller() else { return "no caller".into() };
        match port.create(owner, c"tour_created", Tour::new(label)) {
            Ok(created) => {
                let message = Terms::new().atom(port.atom(c"created")).port(created.id()).tuple(2);
                let _ = port.id().send(owner, message);
                if label == b"failing" {
                    created.fail_atom(c"created_failing");
                }
                "created".into()
            }
            Err(_) => "not created".into(),
        }
    }

    fn watch_caller(&mut self, port: &Port<'_>) -> String {
        let Some(caller) = port.caller() else { return "no caller".into() };
        match port.monitor(caller) {
            Ok(monitor) => {
                let another = port.monitor(caller);
                let differ = another.is_ok_and(|another| another != monitor && port.demonitor(&another));
                self.monitor = Some(monitor);
                format!("{} {differ}", port.monitored(&monitor) == Some(caller))
            }
            Err(NotMonitored::Gone) => "gone".into(),
            Err(NotMonitored::NoCallback) => "no callback".into(),
        }
    }

    /// One list of all that can be sent. `body` is a term in the external format.
    fn send_all_tags(&self, port: &Port<'_>, body: &[u8]) -> String {
        let Some(caller) = port.caller() else { return "no caller".into() };
        let binary = Binary::copy_from_slice(b"by reference");
        let part = binary.slice(3..);
        let text = body.to_vec();
        let terms = Terms::new().atom(port.atom(c"tags")).int(-1).uint(usize::MAX).int64(i64::MIN).uint64(u64::MAX);
        let terms = terms.float(1.5).port(port.id()).pid(caller).binary(&part).bytes(b"copied").string(b"list");
        let terms = terms.nil().string_cons(b"cons").external(&text).atom(port.atom(c"key")).int(1).map(1);
        let sent = port.id().send(caller, terms.nil().list(15));
        let refused = port.id().send(caller, Terms::new().tuple(2));
        format!("{sent:?} {refused:?}")
    }

    /// Ends the port, and uses the state afterwards: it is still there.
    fn end<'a>(&mut self, port: &Port<'_>, how: &[u8], reply: Control<'a>) -> Replied<'a> {
        match how {
            b"atom" => port.fail_atom(c"on_purpose"),
            b"posix" => port.fail_posix(2),
            b"eof" => port.fail_eof(),
            b"code" => port.fail(7),
            b"exit" => port.exit(7),
            _ => return reply.badarg(),
        }
        port.fail_atom(c"too_late");
        self.label.push_str(" ended");
        let said = port.output(self.label.as_bytes());
        reply.bytes(format!("{} {said}", self.label).as_bytes())
    }

    fn answer<'a>(&self, port: &Port<'_>, how: &[u8], reply: Control<'a>) -> Replied<'a> {
        let long = Binary::copy_from_slice(&[b'x'; 1000]);
        match how {
            b"binaries" => {
                port.answer_binaries();
                reply.nothing()
            }
            b"lists" => {
                port.answer_lists();
                reply.nothing()
            }
            // The form is the one that holds when the callback returns.
            b"to_binaries" => {
                let replied = reply.memory(erl_driver::Memory::copy_from_slice(&long));
                port.answer_binaries();
                replied
            }
            b"to_lists" => {
                let replied = reply.binary(long);
                port.answer_lists();
                replied
            }
            b"ending" => {
                port.fail_atom(c"ending");
                reply.binary(long)
            }
            b"long" => reply.bytes(&long),
            b"whole" => reply.binary(long),
            b"part" => reply.binary(long.slice(..100)),
            b"memory" => reply.memory(erl_driver::Memory::copy_from_slice(&long)),
            _ => reply.badarg(),
        }
    }
}

/// Takes an event into use, and out of it, in a driver that does not list `stop_select`.
fn unreleased(port: &Port<'_>) -> String {
    let Ok((near, _far)) = UnixStream::pair() else { return "no sockets".into() };
    let near = Arc::new(near);
    let watched = port.watch(&near, Mode::READ);
    port.release(&near);
    format!("{watched:?} {}", Arc::strong_count(&near))
}

/// Everything that is put into the queue comes out of it; bytes are copied, binaries are not.
fn queue(port: &Port<'_>) -> Result<String, NoQueue> {
    let binary = Binary::copy_from_slice(b"-binary");
    let mut bytes = b"-bytes".to_vec();
    let mut queue = port.queue();
    queue.enq(&bytes)?;
    queue.enq_binary(&binary)?;
    let part = binary.slice(..4);
    let mut built = VectorBuilder::new();
    queue.enqv(&built.bytes(&bytes).binary(&part).bytes(b"").vector(), 1)?;
    queue.pushq(b"c")?;
    queue.pushqv(&VectorBuilder::new().bytes(b"xxa").bytes(b"b").vector(), 2)?;
    queue.pushq_binary(&binary.slice(1..2))?;
    drop(part);
    bytes.fill(b'?');
    let shown = queue.peekq()?.to_vec();
    let references = binary.reference_count();
    let left = queue.deq(4)?;
    let none = queue.deq(usize::MAX)?;
    Ok(format!("{} {references} {left} {none} {}", String::from_utf8_lossy(&shown), binary.reference_count()))
}

fn binaries() -> String {
    let mut draft = BinaryMut::zeroed(4);
    draft.copy_from_slice(b"abcd");
    draft.resize(6);
    draft[4] = b'e';
    let binary = draft.freeze();
    let counts = |binary: &Binary| binary.reference_count();
    let alone = counts(&binary);
    let slice = binary.slice(1..=2);
    let shared = bytes::Bytes::from(binary.clone());
    let three = counts(&binary);
    drop(shared);
    let text = String::from_utf8_lossy(&slice).into_owned();
    drop(slice);
    format!("{alone} {three} {} {text} {:?}", counts(&binary), &binary[..])
}

fn limits(port: &Port<'_>) -> String {
    let before = port.busy_limits();
    let set = port.set_busy_limits(BusyLimits { low: 100, high: 200 });
    port.disable_busy_limits();
    format!("{before:?} {set:?} {:?}", port.busy_limits())
}

fn times() -> String {
    let both = time::monotonic(Unit::Second).zip(time::offset(Unit::Second)).map(|(time, offset)| time + offset);
    let elsewhere = std::thread::spawn(|| time::monotonic(Unit::Second)).join();
    let converted = time::convert(1500, Unit::Millisecond, Unit::Second);
    format!("{} {converted} {}", both.unwrap_or_default(), matches!(elsewhere, Ok(None)))
}
