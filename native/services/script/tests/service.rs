//! The service as a host sees it: through its table. The host here is as small as a host can be.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use linkspan::ffi::abi;

const EVAL: u32 = 1;
const CALL: u32 = 2;
const STACK: usize = 512 << 10;

/// What the host tells a running request: cancelled, from that question on.
struct Asked {
    questions: AtomicUsize,
    cancel_at: usize,
}

unsafe extern "C" fn is_cancelled(data: *const c_void) -> u8 {
    // SAFETY: `data` is a live `Asked`: the request's own, or one that `retain` counts.
    let asked = unsafe { &*data.cast::<Asked>() };
    u8::from(asked.questions.fetch_add(1, Ordering::Relaxed) >= asked.cancel_at)
}

unsafe extern "C" fn remaining(_data: *const c_void) -> u64 {
    u64::MAX
}

unsafe extern "C" fn emit(_data: *const c_void, _event: abi::Buffer) {
    panic!("a script emits nothing");
}

unsafe extern "C" fn retain(data: *const c_void) -> *const c_void {
    // SAFETY: `data` came from `Arc::as_ptr` of an `Arc` that the caller holds.
    unsafe { Arc::increment_strong_count(data.cast::<Asked>()) };
    data
}

unsafe extern "C" fn release(data: *const c_void) {
    // SAFETY: gives back what `retain` took.
    unsafe { Arc::decrement_strong_count(data.cast::<Asked>()) };
}

unsafe extern "C" fn share(_lender: *const c_void) -> abi::Buffer {
    panic!("a script reads its body in place");
}

fn slice(bytes: &[u8]) -> abi::Slice {
    abi::Slice { data: bytes.as_ptr(), len: bytes.len() }
}

/// Calls with a context and room for the reply; returns the status, the code and the bytes of the answer.
fn with_context(
    cancel_at: usize,
    call: impl FnOnce(*const abi::Context, *mut abi::Reply) -> abi::Status,
) -> (abi::Status, u32, String) {
    let asked = Arc::new(Asked { questions: AtomicUsize::new(0), cancel_at });
    let context = abi::Context {
        host: slice(b"driver"),
        stack_limit: STACK,
        data: Arc::as_ptr(&asked).cast(),
        is_cancelled,
        remaining,
        emit,
        retain,
        release,
    };
    let mut room = [0u8; 64];
    let buffer = abi::Buffer { data: ptr::null(), len: 0, owner: ptr::null_mut(), free: None };
    let (inline_data, inline_capacity) = (room.as_mut_ptr(), room.len());
    let stream = abi::Stream { data: ptr::null_mut(), next: None, free: None };
    let mut reply = abi::Reply { inline_data, inline_capacity, inline_len: 0, buffer, code: 0, stream };
    let status = call(&context, &mut reply);
    assert_eq!(Arc::strong_count(&asked), 1, "the service kept a context");
    let bytes = match status {
        abi::status::OK_INLINE => room[..reply.inline_len].to_vec(),
        _ if reply.buffer.len == 0 => Vec::new(),
        // SAFETY: the buffer is the host's now, and is freed below.
        _ => unsafe { std::slice::from_raw_parts(reply.buffer.data, reply.buffer.len) }.to_vec(),
    };
    if let Some(free) = reply.buffer.free {
        // SAFETY: the last use of the buffer.
        unsafe { free(reply.buffer.owner) };
    }
    (status, reply.code, String::from_utf8(bytes).unwrap())
}

fn service() -> &'static abi::Service {
    // SAFETY: the table is constant and lives for ever.
    let library = unsafe { &*linkspan_script::linkspan_library() };
    assert_eq!((library.magic, library.version, library.service_count), (abi::MAGIC, abi::VERSION, 1));
    // SAFETY: as above; there is one service.
    unsafe { &*library.services }
}

/// An instance, as a host holds it.
struct Instance(*mut c_void);

// SAFETY: the ABI lets an instance be used by different threads one after the other.
unsafe impl Send for Instance {}

impl Instance {
    fn start(argument: &[u8]) -> Result<Self, (abi::Status, u32, String)> {
        let mut state = ptr::null_mut();
        let answer = with_context(usize::MAX, |context, reply| {
            // SAFETY: all pointers are valid during the call.
            unsafe { (service().start)(slice(argument), context, &mut state, reply) }
        });
        if state.is_null() { Err(answer) } else { Ok(Instance(state)) }
    }

    fn ask(&mut self, operation: u32, body: &[u8]) -> (abi::Status, u32, String) {
        self.ask_and_cancel(operation, body, usize::MAX)
    }

    fn ask_and_cancel(&mut self, operation: u32, body: &[u8], cancel_at: usize) -> (abi::Status, u32, String) {
        let request = abi::Request { operation, cast: 0, body: slice(body), lender: ptr::null(), share };
        with_context(cancel_at, |context, reply| {
            // SAFETY: the state is this instance's; all pointers are valid during the call.
            unsafe { (service().call)(self.0, &request, context, reply) }
        })
    }

    #[track_caller]
    fn eval(&mut self, source: &str, expected: &str) {
        let (status, _, text) = self.ask(EVAL, source.as_bytes());
        assert!(status == abi::status::OK_INLINE || status == abi::status::OK_BUFFER, "{status}: {text}");
        assert_eq!(text, expected);
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        with_context(usize::MAX, |context, _| {
            // SAFETY: the last use of the state.
            unsafe { (service().stop)(self.0, context, 0) };
            abi::status::OK_INLINE
        });
    }
}

#[test]
fn eval_and_call_work_through_the_table() {
    let mut js = Instance::start(b"").unwrap();
    js.eval("a = 1", "1");
    js.eval("while (a < 10) a *= 3", "27");
    js.eval("a", "27");
    let (_, _, text) = js.ask(CALL, br#"["Math.max", 1, 3, 2]"#);
    assert_eq!(text, "3");
    js.eval("'x'.repeat(1000)", &"x".repeat(1000));
}

#[test]
fn an_instance_moves_between_threads() {
    let mut js = Instance::start(b"").unwrap();
    js.eval("a = 1", "1");
    let mut js = std::thread::spawn(move || {
        js.eval("++a", "2");
        js
    })
    .join()
    .unwrap();
    js.eval("++a", "3");
    std::thread::spawn(move || drop(js)).join().unwrap();
}

#[test]
fn instances_share_nothing() {
    let mut one = Instance::start(b"").unwrap();
    let mut other = Instance::start(b"").unwrap();
    one.eval("a = 1", "1");
    other.eval("typeof a", "undefined");
}

#[test]
fn the_source_runs_at_start() {
    let mut js = Instance::start(br#"{"source": "function twice(x) { return 2 * x }"}"#).unwrap();
    let (_, _, text) = js.ask(CALL, br#"["twice", 21]"#);
    assert_eq!(text, "42");
    let (status, code, text) = Instance::start(br#"{"source": "\nx"}"#).err().unwrap();
    assert_eq!((status, code), (abi::status::FAILED, linkspan_script::code::EXCEPTION));
    assert!(text.starts_with("source:2: ReferenceError: x is not defined\n"), "{text}");
}

#[test]
fn a_bad_argument_is_refused_and_its_key_named() {
    let (status, _, text) = Instance::start(br#"{"memory": 0}"#).err().unwrap();
    assert_eq!((status, text.as_str()), (abi::status::BAD_REQUEST, "memory: is to be at least 1048576"));
}

#[test]
fn a_cancelled_request_ends_and_the_instance_lives() {
    let mut js = Instance::start(b"").unwrap();
    for source in ["for (;;);", "while (true) { try { for (;;); } catch (e) {} }"] {
        let (status, code, text) = js.ask_and_cancel(EVAL, source.as_bytes(), 2);
        assert_eq!((status, code), (abi::status::FAILED, linkspan_script::code::CANCELLED), "{text}");
        js.eval("1 + 1", "2");
    }
}

#[test]
fn every_limit_holds_and_the_instance_lives() {
    let mut js = Instance::start(br#"{"memory": 2000000, "stack": 65536, "time": 1000}"#).unwrap();
    let hits = [
        ("for (;;);", linkspan_script::code::TIME),
        ("x = []; for (;;) x.push([])", linkspan_script::code::MEMORY),
        ("function f() { f() } f()", linkspan_script::code::EXCEPTION),
    ];
    for (source, expected) in hits {
        let (status, code, text) = js.ask(EVAL, source.as_bytes());
        assert_eq!((status, code), (abi::status::FAILED, expected), "{source}: {text}");
        js.eval("1 + 1", "2");
    }
}

#[test]
fn a_body_that_is_no_text_is_refused() {
    let mut js = Instance::start(b"").unwrap();
    for operation in [EVAL, CALL] {
        let (status, _, _) = js.ask(operation, b"\xff");
        assert_eq!(status, abi::status::BAD_REQUEST);
    }
    js.eval("1 + 1", "2");
}
