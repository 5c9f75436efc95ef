//! Panics in the callback that the port's command names. Which callbacks are listed is chosen when it is loaded.

use std::any::Any;
use std::ffi::CString;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use erl_driver::{
    Call, Control, Driver, Entry, Event, InitFailed, Mode, Monitor, Port, Refusal, Replied, Vector, env, panic,
};

/// States that have not been dropped.
static STATES: AtomicUsize = AtomicUsize::new(0);

struct Panics {
    fault: String,
    near: Arc<UnixStream>,
    far: UnixStream,
}

/// Panics when it is dropped.
struct Mine;

erl_driver::driver!(load);

fn load() -> Entry<Panics> {
    let entry = Entry::new("panics_drv").init().finish().control().call().flush().process_exit().emergency_close();
    let entry = entry.timeout().ready_async().ready_input().ready_output().stop_select().output();
    // The VM never uses `output` of a driver that has `outputv`.
    if is_chosen("output") { entry } else { entry.outputv() }
}

/// What stands in the environment is wrong with all ports, or with none.
fn is_chosen(fault: &str) -> bool {
    env::get(c"PANICS_DRV").is_some_and(|chosen| chosen.to_bytes() == fault.as_bytes())
}

impl Panics {
    fn at(&self, callback: &str) {
        assert_ne!(self.fault, callback);
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        STATES.fetch_sub(1, SeqCst);
        self.at("drop");
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

impl Driver for Panics {
    fn init() -> Result<(), InitFailed> {
        // What it says on standard error is of no use here.
        std::panic::set_hook(Box::new(|_| {}));
        panic::set_hook(|panicked| {
            env::set(c"PANICS_DRV_TOLD", &CString::new(panicked.callback).unwrap_or_default());
            assert!(!is_chosen("hook"));
        });
        assert!(!is_chosen("init"));
        Ok(())
    }

    fn finish() {
        assert!(!is_chosen("finish"));
    }

    fn start(port: &Port<'_>, command: &[u8]) -> Result<Self, Refusal> {
        let fault = String::from_utf8_lossy(command.split(|&byte| byte == b' ').nth(1).unwrap_or_default()).into();
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        STATES.fetch_add(1, SeqCst);
        let state = Panics { fault, near: Arc::new(near), far };
        state.at("start");
        port.watch(&state.near, Mode::READ).map_err(|_| Refusal::General)?;
        Ok(state)
    }

    fn stop(self, port: &Port<'_>) {
        port.release(&self.near);
        self.at("stop");
    }

    fn flush(&mut self, port: &Port<'_>) {
        self.at("flush");
        let _ = port.queue().deq(usize::MAX);
    }

    fn output(&mut self, _port: &Port<'_>, _data: &[u8]) {
        self.at("output");
    }

    fn outputv(&mut self, _port: &Port<'_>, _vector: &Vector<'_>) {
        self.at("outputv");
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, body: &[u8], mut reply: Control<'a>) -> Replied<'a> {
        self.at("control");
        match operation {
            1 => return reply.bytes(STATES.load(SeqCst).to_string().as_bytes()),
            // Something to read.
            2 => self.far.write_all(b"x").unwrap_or_default(),
            3 => port.select(&self.near, Mode::WRITE, true).unwrap_or_default(),
            4 => port.set_timer(0),
            5 => port.run_async(None, || Mine).unwrap_or_default(),
            6 => drop(port.caller().map(|caller| port.monitor(caller))),
            7 => port.queue().enq(body).unwrap_or_default(),
            // Its only byte beyond the VM's room.
            8 => reply.room()[64] = 1,
            9 => return reply.written(65),
            10 => {
                let whole = reply.room().len();
                reply.room().fill(b'x');
                return reply.written(whole);
            }
            _ => return reply.badarg(),
        }
        reply.nothing()
    }

    fn call<'a>(&mut self, _port: &Port<'_>, _operation: u32, _term: &[u8], reply: Call<'a>) -> Replied<'a> {
        self.at("call");
        reply.same()
    }

    fn ready_input(&mut self, _port: &Port<'_>, _event: Event) {
        self.at("ready_input");
    }

    fn ready_output(&mut self, _port: &Port<'_>, _event: Event) {
        self.at("ready_output");
    }

    fn stop_select(_event: Event) {
        assert!(!is_chosen("stop_select"));
    }

    fn timeout(&mut self, _port: &Port<'_>) {
        self.at("timeout");
    }

    fn ready_async(&mut self, _port: &Port<'_>, result: Box<dyn Any + Send>) {
        // Two panics at once would end the VM.
        if self.fault != "result" {
            std::mem::forget(result);
        }
        self.at("ready_async");
    }

    fn process_exit(&mut self, _port: &Port<'_>, _monitor: Monitor) {
        self.at("process_exit");
    }

    fn emergency_close() {
        // Not `env`: the VM is about to end.
        let _ = std::fs::write("panicked", "called");
        panic!("in emergency_close");
    }
}
