//! A host in miniature: it calls the functions of the table and notes what the service asks of it.

use std::ffi::c_void;
use std::panic;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, Once};
use std::thread::{self, ThreadId};

use linkspan::ffi::abi;

/// Threads whose panics came to the hook that was there before the library's.
static PRINTED: Mutex<Vec<ThreadId>> = Mutex::new(Vec::new());

/// Whether a panic of that thread was printed.
pub fn has_printed(thread: ThreadId) -> bool {
    PRINTED.lock().unwrap().contains(&thread)
}

fn watch_panics() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PRINTED.lock().unwrap().push(thread::current().id());
            print(info);
        }));
    });
}

/// The entry of a service in the table.
pub fn service(name: &str) -> &'static abi::Service {
    // SAFETY: the table of this program is constant and lives for ever.
    let table = unsafe { &*crate::probe::linkspan_library() };
    // SAFETY: as above.
    let services = unsafe { std::slice::from_raw_parts(table.services, table.service_count as usize) };
    services.iter().find(|service| text(service.name) == name).expect("a service of that name")
}

/// Reads constant text of the table.
pub fn text(slice: abi::Slice) -> &'static str {
    // SAFETY: names in the table live for ever.
    std::str::from_utf8(unsafe { std::slice::from_raw_parts(slice.data, slice.len) }).unwrap()
}

/// What the service sees of its host, and what it did with it.
pub struct Host {
    pub cancelled: AtomicBool,
    pub remaining: AtomicU64,
    pub events: Mutex<Vec<String>>,
    /// Contexts retained and not yet released.
    pub retained: AtomicIsize,
    /// Bodies shared and not yet freed.
    pub shared: AtomicIsize,
}

impl Host {
    /// Lives for ever, since retained contexts may.
    pub fn new() -> &'static Self {
        watch_panics();
        Box::leak(Box::new(Host {
            cancelled: AtomicBool::new(false),
            remaining: AtomicU64::new(u64::MAX),
            events: Mutex::default(),
            retained: AtomicIsize::new(0),
            shared: AtomicIsize::new(0),
        }))
    }

    pub fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }

    fn context(&'static self) -> abi::Context {
        let host = abi::Slice { data: b"test".as_ptr(), len: 4 };
        let data = (&raw const *self).cast();
        abi::Context { host, stack_limit: 12_345, data, is_cancelled, remaining, emit, retain, release }
    }
}

/// # Safety
/// `data` must be that of a [`Host`].
unsafe fn host(data: *const c_void) -> &'static Host {
    // SAFETY: the caller's promise; hosts live for ever.
    unsafe { &*data.cast::<Host>() }
}

unsafe extern "C" fn is_cancelled(data: *const c_void) -> u8 {
    // SAFETY: the ABI's promise; here and below.
    unsafe { host(data) }.cancelled.load(SeqCst).into()
}

unsafe extern "C" fn remaining(data: *const c_void) -> u64 {
    // SAFETY: see `is_cancelled`.
    unsafe { host(data) }.remaining.load(SeqCst)
}

unsafe extern "C" fn emit(data: *const c_void, event: abi::Buffer) {
    let event = String::from_utf8(take(event)).unwrap();
    // SAFETY: see `is_cancelled`.
    unsafe { host(data) }.events.lock().unwrap().push(event);
}

unsafe extern "C" fn retain(data: *const c_void) -> *const c_void {
    // SAFETY: see `is_cancelled`.
    unsafe { host(data) }.retained.fetch_add(1, SeqCst);
    data
}

unsafe extern "C" fn release(data: *const c_void) {
    // SAFETY: see `is_cancelled`.
    unsafe { host(data) }.retained.fetch_sub(1, SeqCst);
}

/// Copies a buffer that was handed over, and frees it.
fn take(buffer: abi::Buffer) -> Vec<u8> {
    // SAFETY: the bytes of a buffer are there until it is freed.
    let bytes = if buffer.len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(buffer.data, buffer.len) } };
    let bytes = bytes.to_vec();
    if let Some(free) = buffer.free {
        // SAFETY: the buffer is ours, and this is its last use.
        unsafe { free(buffer.owner) };
    }
    bytes
}

/// How a call came back. The inline bytes and the buffer are told apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: abi::Status,
    pub inline: String,
    pub buffer: String,
    pub code: u32,
    pub stream: Option<Stream>,
}

/// An instance that runs in a test.
pub struct Instance {
    service: &'static abi::Service,
    state: *mut c_void,
    host: &'static Host,
}

/// Calls `function` with room for so many bytes of the answer.
fn with_reply(capacity: usize, function: impl FnOnce(*mut abi::Reply) -> abi::Status) -> Answer {
    let mut room = vec![0; capacity];
    let nothing = abi::Buffer { data: ptr::null(), len: 0, owner: ptr::null_mut(), free: None };
    let inline_data = room.as_mut_ptr();
    let stream = abi::Stream { data: ptr::null_mut(), next: None, free: None };
    let mut reply =
        abi::Reply { inline_data, inline_capacity: capacity, inline_len: 0, buffer: nothing, code: 0, stream };
    let status = function(&mut reply);
    room.truncate(reply.inline_len);
    let words = |bytes| String::from_utf8(bytes).unwrap();
    let stream = reply.stream.free.is_some().then_some(Stream(reply.stream));
    Answer { status, inline: words(room), buffer: words(take(reply.buffer)), code: reply.code, stream }
}

/// An answer in parts, which is freed when it is dropped.
#[derive(Debug)]
pub struct Stream(abi::Stream);

impl Stream {
    /// The next part, with room for so many bytes.
    pub fn next(&mut self, host: &'static Host, capacity: usize) -> Answer {
        let next = self.0.next.expect("a function for the next part");
        let context = host.context();
        // SAFETY: the stream is not yet freed, and all pointers are valid for the call.
        with_reply(capacity, |reply| unsafe { next(self.0.data, &context, reply) })
    }
}

impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        self.0.data == other.0.data
    }
}

impl Eq for Stream {}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(free) = self.0.free {
            // SAFETY: the last use of the stream.
            unsafe { free(self.0.data) };
        }
    }
}

impl Instance {
    /// Starts a service, or says what it answered.
    pub fn start(name: &str, argument: &str, host: &'static Host) -> Result<Self, Answer> {
        let service = service(name);
        let mut state = ptr::null_mut();
        let context = host.context();
        let argument = abi::Slice { data: argument.as_ptr(), len: argument.len() };
        // SAFETY: all pointers are valid for the call.
        let answer = with_reply(0, |reply| unsafe { (service.start)(argument, &context, &mut state, reply) });
        if answer.status == abi::status::OK_INLINE {
            return Ok(Instance { service, state, host });
        }
        assert!(state.is_null(), "no state without success");
        Err(answer)
    }

    /// A call with room for so many bytes of the answer.
    pub fn call(&mut self, operation: u32, body: &str, room: usize) -> Answer {
        self.request(operation, body, room, 0)
    }

    pub fn cast(&mut self, operation: u32, body: &str) -> Answer {
        self.request(operation, body, 64, 1)
    }

    fn request(&mut self, operation: u32, body: &str, room: usize, cast: u8) -> Answer {
        let lender = (body, &self.host.shared);
        let context = self.host.context();
        let request = abi::Request {
            operation,
            cast,
            body: abi::Slice { data: body.as_ptr(), len: body.len() },
            lender: (&raw const lender).cast(),
            share,
        };
        // SAFETY: the state is that of a started instance, and all pointers are valid for the call.
        with_reply(room, |reply| unsafe { (self.service.call)(self.state, &request, &context, reply) })
    }

    pub fn stop(self, panicked: bool) {
        // SAFETY: the last use of the state; the context is valid for the call.
        unsafe { (self.service.stop)(self.state, &self.host.context(), panicked.into()) };
    }
}

/// What [`share`] is lent.
type Lender<'a> = (&'a str, &'static AtomicIsize);

unsafe extern "C" fn share(lender: *const c_void) -> abi::Buffer {
    unsafe extern "C" fn free(owner: *mut c_void) {
        // SAFETY: `owner` came from the `Box` below and is freed once.
        let (_, shared) = *unsafe { Box::from_raw(owner.cast::<(String, &AtomicIsize)>()) };
        shared.fetch_sub(1, SeqCst);
    }
    // SAFETY: the lender is that of the running call.
    let (body, shared) = unsafe { *lender.cast::<Lender<'_>>() };
    shared.fetch_add(1, SeqCst);
    let owner = Box::new((body.to_string(), shared));
    let (data, len) = (owner.0.as_ptr(), owner.0.len());
    abi::Buffer { data, len, owner: Box::into_raw(owner).cast(), free: Some(free) }
}
