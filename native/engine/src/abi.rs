//! The host's side of the service ABI: the one module of the engine with `unsafe` in it, and long because it is the one.

use std::ffi::c_void;
use std::mem::{ManuallyDrop, offset_of};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use libloading::os::unix::{Library as Image, RTLD_LOCAL, RTLD_NOW};
use linkspan_abi as abi;

use crate::budget::Declared;
use crate::instance::Inner;
use crate::{LibraryError, Outcome, Ticket, clock};

/// Longest name of a service or an operation, in bytes.
const LONGEST_NAME: usize = 255;
/// Most operations of a service.
const MOST_OPERATIONS: usize = 4096;

/// Loads the library at `copy` and reads its table. `path` is what errors name.
pub(crate) fn open(copy: &Path, path: &str) -> Result<Vec<Service>, LibraryError> {
    let not_a_library = |why: String| LibraryError::NotALibrary { path: path.into(), why };
    // SAFETY: a service library's initialisers run here. That is what loading native code means; which files are
    // loaded is up to the operator.
    let image = unsafe { Image::open(Some(copy), RTLD_NOW | RTLD_LOCAL) };
    // Never unloaded, whatever it turns out to be: its initialisers have run. See `library`.
    let image = ManuallyDrop::new(image.map_err(|error| not_a_library(words(&error, copy)))?);
    // SAFETY: the ABI gives the symbol this type.
    let entry = unsafe { image.get::<abi::Entry>(abi::SYMBOL) };
    let entry = *entry.map_err(|_| not_a_library("it does not export linkspan_library".into()))?;
    // SAFETY: the image stays loaded, and the function takes nothing.
    let table = unsafe { entry() };
    // SAFETY: the table is constant and lives for ever.
    let table = unsafe { table.as_ref() }.ok_or_else(|| not_a_library("its table is missing".into()))?;
    if table.magic != abi::MAGIC {
        return Err(not_a_library("its table does not begin with the magic number".into()));
    }
    if table.version != abi::VERSION {
        return Err(LibraryError::WrongAbi { path: path.into(), found: table.version, expected: abi::VERSION });
    }
    // SAFETY: magic and version vouch for the layout.
    if let Some(function) = unsafe { missing_function(table) } {
        return Err(not_a_library(format!("a service in its table has no function {function}")));
    }
    // SAFETY: as above, and no function is missing.
    let services: &'static [abi::Service] = unsafe { list(table.services, table.service_count as usize) };
    let services: Vec<_> = services.iter().map(Service::new).collect();
    match services.iter().find_map(Service::flaw) {
        Some(why) => Err(not_a_library(why)),
        None => Ok(services),
    }
}

/// Names a function that some service in the table does not have: one that C left out is NULL, of which Rust must not make
/// a function.
///
/// # Safety
/// The table must have the layout of this version, and be constant.
unsafe fn missing_function(table: &abi::Library) -> Option<&'static str> {
    let functions = [
        ("start", offset_of!(abi::Service, start)),
        ("call", offset_of!(abi::Service, call)),
        ("stop", offset_of!(abi::Service, stop)),
        ("cost", offset_of!(abi::Service, cost)),
    ];
    let count = if table.services.is_null() { 0 } else { table.service_count as usize };
    let mut all = (0..count).flat_map(|index| functions.map(|(name, offset)| (index, name, offset)));
    all.find_map(|(index, name, offset)| {
        let function = table.services.wrapping_add(index).wrapping_byte_add(offset).cast::<*const c_void>();
        // SAFETY: the caller's promise; a function is as large as a pointer.
        let function = unsafe { function.read() };
        function.is_null().then_some(name)
    })
}

/// The system's message about a library, which names the copy: say `the file` instead.
fn words(error: &libloading::Error, copy: &Path) -> String {
    let text = match error {
        libloading::Error::DlOpen { source, .. } => source.to_string(),
        other => other.to_string(),
    };
    let folder = copy.parent().unwrap_or(copy).to_string_lossy();
    // The folder matters where programs may not be run from it.
    text.replace(&*copy.to_string_lossy(), &format!("its copy in {folder}"))
}

/// # Safety
/// `data` must be null or point to `len` values that live for ever, if `len` is not 0.
unsafe fn list<T>(data: *const T, len: usize) -> &'static [T] {
    if len == 0 || data.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data, len) }
}

/// A service of a loaded library.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    raw: &'static abi::Service,
}

impl Service {
    fn new(raw: &'static abi::Service) -> Self {
        Service { raw }
    }

    pub(crate) fn name(&self) -> &'static str {
        text(self.raw.name)
    }

    /// Numbers and names, in ascending order of the numbers.
    pub(crate) fn operations(&self) -> impl ExactSizeIterator<Item = (u32, &'static str)> {
        self.raw_operations().iter().map(|operation| (operation.number, text(operation.name)))
    }

    /// What is not as the ABI demands, if anything. Names are bounded: they become keys in the VM, and travel with lengths
    /// of 16 bits.
    fn flaw(&self) -> Option<String> {
        let operations = self.raw_operations();
        if !is_name(self.raw.name) || !operations.iter().all(|operation| is_name(operation.name)) {
            return Some(format!("a name in its table is not UTF-8 of 1 to {LONGEST_NAME} bytes"));
        }
        let service = self.name();
        if operations.len() > MOST_OPERATIONS {
            return Some(format!("{service} has {} operations, more than {MOST_OPERATIONS}", operations.len()));
        }
        let numbers = || operations.iter().map(|operation| operation.number);
        let ordered = numbers().is_sorted_by(|one, next| one < next) && numbers().all(|it| it < abi::OPERATION_LIMIT);
        (!ordered).then(|| format!("the operations of {service} are not in ascending order"))
    }

    /// The place of an operation in the service's list; none if it is not there.
    pub(crate) fn place(&self, operation: u32) -> Option<usize> {
        let operations = self.raw_operations();
        // Most services number their operations without gaps.
        let guess = operation.wrapping_sub(operations.first()?.number) as usize;
        if operations.get(guess).is_some_and(|known| known.number == operation) {
            return Some(guess);
        }
        operations.binary_search_by_key(&operation, |known| known.number).ok()
    }

    pub(crate) fn operation_name(&self, place: usize) -> &'static str {
        self.raw_operations().get(place).map_or("?", |operation| text(operation.name))
    }

    /// Whether several instances may share the requests.
    pub(crate) fn is_independent(&self) -> bool {
        self.raw.flags & abi::flag::INDEPENDENT != 0
    }

    /// Whether each instance needs a thread of its own.
    pub(crate) fn is_dedicated(&self) -> bool {
        self.raw.flags & abi::flag::DEDICATED != 0
    }

    /// What a typed service says of itself: a term, or nothing.
    pub(crate) fn description(&self) -> Bytes {
        let Some(describe) = self.raw.describe else { return Bytes::new() };
        // SAFETY: may be called at any time, from any thread.
        take(unsafe { describe() }).unwrap_or_default()
    }

    /// What the service says of a request; none if it is always to be deferred.
    pub(crate) fn declared(&self, operation: u32, body_len: usize) -> Option<Declared> {
        if self.is_dedicated() {
            return None;
        }
        // SAFETY: may be called at any time, from any thread.
        match unsafe { (self.raw.cost)(operation, body_len) } {
            abi::cost::SHORT => Some(Declared::Short),
            abi::cost::LONG => None,
            _ => Some(Declared::Learn),
        }
    }

    /// Whether an operation is deferred whatever its body: asked with an empty one, for a hint.
    pub(crate) fn is_long(&self, operation: u32) -> bool {
        self.declared(operation, 0).is_none()
    }

    /// Makes an instance of the service.
    pub(crate) fn start(&self, argument: &[u8], instance: Arc<Inner>) -> Result<State, Outcome> {
        let scope = Box::new(Scope { instance, ticket: None });
        let mut state = std::ptr::null_mut();
        let mut reply = Room::new();
        let context = scope.context(crate::WORKER_STACK / 2);
        // SAFETY: everything is valid for the call, and the state is written if it succeeds.
        let status = unsafe { (self.raw.start)(slice(argument), &context, &mut state, reply.over(&mut [])) };
        match reply.outcome(status, 0) {
            Answer::Inline(_) | Answer::Outcome(Outcome::Ok(_)) => {
                Ok(State { service: self.clone(), state, scope, context, reply, panicked: false })
            }
            Answer::Outcome(outcome) => Err(outcome),
            Answer::Stream(_) => Err(Outcome::Panicked("the service started with a stream".into())),
        }
    }

    fn raw_operations(&self) -> &'static [abi::Operation] {
        // SAFETY: the table of a loaded library is constant and lives for ever.
        unsafe { list(self.raw.operations, self.raw.operation_count) }
    }
}

/// Whether these bytes of a table may be a name.
fn is_name(slice: abi::Slice) -> bool {
    // SAFETY: names in a table are constant.
    (1..=LONGEST_NAME).contains(&slice.len) && std::str::from_utf8(unsafe { list(slice.data, slice.len) }).is_ok()
}

fn text(slice: abi::Slice) -> &'static str {
    // SAFETY: names in a table are constant.
    std::str::from_utf8(unsafe { list(slice.data, slice.len) }).unwrap_or("?")
}

fn slice(bytes: &[u8]) -> abi::Slice {
    abi::Slice { data: bytes.as_ptr(), len: bytes.len() }
}

/// The body of a request during its run.
#[derive(Clone, Copy)]
pub struct Body<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Makes them owned: shared where the host can, else copied.
    pub share: &'a dyn Fn() -> Bytes,
}

/// How a call came back.
pub(crate) enum Answer {
    /// That many bytes are in the room that was provided.
    Inline(usize),
    Outcome(Outcome),
    /// It comes in parts; only for those who asked for a stream.
    Stream(Stream),
}

/// An answer in parts, made by [`State::next`].
pub(crate) struct Stream(abi::Stream);

// SAFETY: the ABI lets the threads that may use the instance use its streams, one at a time.
unsafe impl Send for Stream {}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(free) = self.0.free {
            // SAFETY: the last use of the stream.
            unsafe { free(self.0.data) };
        }
    }
}

/// What a stream says next.
pub(crate) enum Next {
    Part(Bytes),
    End,
    /// It has ended early.
    Outcome(Outcome),
}

/// The state of a started service.
pub(crate) struct State {
    service: Service,
    state: *mut c_void,
    /// Boxed: its address is in the context.
    scope: Box<Scope>,
    context: abi::Context,
    reply: Room,
    panicked: bool,
}

// SAFETY: the ABI lets different threads use an instance one after the other. An instance of a dedicated service is
// started, called and dropped by turns on its own thread only: see `thread`.
unsafe impl Send for State {}

impl State {
    /// Handles one request. A short answer is written to `room`.
    #[inline(always)]
    pub(crate) fn call(&mut self, call: Call<'_>, room: &mut [u8]) -> Answer {
        let Call { operation, cast, body, ticket, stack, stream } = call;
        self.scope.ticket = ticket;
        let request = abi::Request {
            operation,
            cast: cast.into(),
            body: slice(body.bytes),
            lender: (&raw const body).cast(),
            share,
        };
        self.context.stack_limit = stack;
        // SAFETY: everything is valid for the call; `&mut self` makes it the only one.
        let status = unsafe { (self.service.raw.call)(self.state, &request, &self.context, self.reply.over(room)) };
        self.scope.ticket = None;
        if let Some(len) = self.reply.written(status) {
            return Answer::Inline(len);
        }
        self.panicked |= status == abi::status::PANICKED;
        match self.reply.outcome(status, operation) {
            Answer::Stream(_) if !stream => {
                Answer::Outcome(Outcome::BadRequest("the answer is a stream: ask for it with stream/3".into()))
            }
            answer => answer,
        }
    }

    /// Makes the next part of a stream that this instance has answered with.
    pub(crate) fn next(&mut self, stream: &mut Stream, ticket: &Arc<Ticket>, stack: usize) -> Next {
        let Some(next) = stream.0.next else { return Next::End };
        self.scope.ticket = Some(ticket.clone());
        self.context.stack_limit = stack;
        // No room is provided: parts travel in buffers of the service's.
        // SAFETY: everything is valid for the call; `&mut self` makes it the only one of the instance.
        let status = unsafe { next(stream.0.data, &self.context, self.reply.over(&mut [])) };
        self.scope.ticket = None;
        self.panicked |= status == abi::status::PANICKED;
        if status == abi::status::END {
            return Next::End;
        }
        match self.reply.outcome(status, 0) {
            Answer::Inline(_) => Next::Part(Bytes::new()),
            Answer::Outcome(Outcome::Ok(bytes)) => Next::Part(bytes),
            Answer::Outcome(outcome) => Next::Outcome(outcome),
            Answer::Stream(_) => Next::Outcome(Outcome::Panicked("a stream within a stream".into())),
        }
    }

    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Forgets a panic: the instance goes on.
    pub(crate) fn forgive(&mut self) {
        self.panicked = false;
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.context.stack_limit = crate::WORKER_STACK / 2;
        // SAFETY: the last use of the state.
        unsafe { (self.service.raw.stop)(self.state, &self.context, self.panicked.into()) };
    }
}

/// One call of a service.
pub(crate) struct Call<'a> {
    pub operation: u32,
    pub cast: bool,
    pub body: Body<'a>,
    pub ticket: Option<Arc<Ticket>>,
    pub stack: usize,
    /// Whether the answer may come in parts.
    pub stream: bool,
}

unsafe extern "C" fn share(lender: *const c_void) -> abi::Buffer {
    // SAFETY: `lender` is the body of the running call.
    let body = unsafe { &*lender.cast::<Body<'_>>() };
    give((body.share)())
}

/// Hands bytes over the ABI.
fn give(bytes: Bytes) -> abi::Buffer {
    unsafe extern "C" fn free(owner: *mut c_void) {
        // SAFETY: `owner` came from the `Box` below and is freed once.
        drop(unsafe { Box::from_raw(owner.cast::<Bytes>()) });
    }
    let owner = Box::new(bytes);
    abi::Buffer { data: owner.as_ptr(), len: owner.len(), owner: Box::into_raw(owner).cast(), free: Some(free) }
}

/// Takes bytes that came over the ABI; none if they say of themselves that they are nowhere.
fn take(buffer: abi::Buffer) -> Option<Bytes> {
    let nowhere = buffer.len > isize::MAX as usize || (buffer.len > 0 && buffer.data.is_null());
    // Dropped, and so freed, even then.
    let taken = Taken(buffer);
    (!nowhere).then(|| Bytes::from_owner(taken))
}

/// Bytes with a foreign owner.
struct Taken(abi::Buffer);

// SAFETY: the ABI lets a buffer be read and freed from any thread.
unsafe impl Send for Taken {}

impl AsRef<[u8]> for Taken {
    fn as_ref(&self) -> &[u8] {
        if self.0.len == 0 {
            return &[];
        }
        // SAFETY: the bytes live until `free`.
        unsafe { std::slice::from_raw_parts(self.0.data, self.0.len) }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(free) = self.0.free {
            // SAFETY: the last use of the buffer.
            unsafe { free(self.0.owner) };
        }
    }
}

const NO_BUFFER: abi::Buffer = abi::Buffer { data: std::ptr::null(), len: 0, owner: std::ptr::null_mut(), free: None };
const NO_STREAM: abi::Stream = abi::Stream { data: std::ptr::null_mut(), next: None, free: None };

/// What a service writes its replies to. Kept from call to call, since making one costs as much as a short call.
struct Room(abi::Reply);

impl Room {
    fn new() -> Self {
        let (inline_data, buffer, stream) = (std::ptr::null_mut(), NO_BUFFER, NO_STREAM);
        Room(abi::Reply { inline_data, inline_capacity: 0, inline_len: 0, buffer, code: 0, stream })
    }

    /// Has the next reply written to `room` if it fits; for one call, before `room` goes. Nothing of the last one is left in
    /// it, whatever that service did.
    #[inline(always)]
    fn over(&mut self, room: &mut [u8]) -> *mut abi::Reply {
        self.0.inline_data = room.as_mut_ptr();
        self.0.inline_capacity = room.len();
        self.0.inline_len = 0;
        self.0.buffer = NO_BUFFER;
        self.0.code = 0;
        self.0.stream = NO_STREAM;
        &mut self.0
    }

    /// The length of the answer, if it is in the room.
    #[inline(always)]
    fn written(&self, status: abi::Status) -> Option<usize> {
        let len = self.0.inline_len;
        (status == abi::status::OK_INLINE && len <= self.0.inline_capacity).then_some(len)
    }

    /// What is in it after a call.
    #[cold]
    fn outcome(&mut self, status: abi::Status, operation: u32) -> Answer {
        let abi::Reply { inline_capacity, inline_len, code, .. } = self.0;
        let buffer = std::mem::replace(&mut self.0.buffer, NO_BUFFER);
        let stream = std::mem::replace(&mut self.0.stream, NO_STREAM);
        let broken = |what: String| Answer::Outcome(Outcome::Panicked(format!("the service {what}").into()));
        if status == abi::status::OK_INLINE {
            return match inline_len <= inline_capacity {
                true => Answer::Inline(inline_len),
                false => broken(format!("wrote {inline_len} bytes where there is room for {inline_capacity}")),
            };
        }
        if status == abi::status::OK_STREAM {
            return Answer::Stream(Stream(stream));
        }
        let len = buffer.len;
        let Some(bytes) = take(buffer) else { return broken(format!("returned {len} bytes that are nowhere")) };
        Answer::Outcome(match status {
            abi::status::OK_BUFFER => Outcome::Ok(bytes),
            abi::status::FAILED => Outcome::Failed { code, message: bytes },
            abi::status::PANICKED => Outcome::Panicked(bytes),
            abi::status::UNKNOWN_OPERATION => Outcome::UnknownOperation(operation),
            abi::status::BAD_REQUEST => Outcome::BadRequest(bytes),
            other => return broken(format!("returned {other}, which is no status")),
        })
    }
}

/// What the functions of a context are given: the instance, and the request that runs.
#[derive(Clone)]
struct Scope {
    instance: Arc<Inner>,
    ticket: Option<Arc<Ticket>>,
}

impl Scope {
    fn context(&self, stack_limit: usize) -> abi::Context {
        abi::Context {
            host: slice(self.instance.host.name().as_bytes()),
            stack_limit,
            data: (&raw const *self).cast(),
            is_cancelled,
            remaining,
            emit,
            retain,
            release,
        }
    }

    /// # Safety
    /// `data` must be the data of a context that is still valid, or retained.
    unsafe fn of<'a>(data: *const c_void) -> &'a Scope {
        // SAFETY: the caller's promise.
        unsafe { &*data.cast::<Scope>() }
    }
}

unsafe extern "C" fn is_cancelled(data: *const c_void) -> u8 {
    // SAFETY: the ABI's promise; here and below.
    let scope = unsafe { Scope::of(data) };
    let unwanted = scope.ticket.as_ref().is_some_and(|ticket| ticket.is_done() || ticket.is_expired(clock::now()));
    (unwanted || scope.instance.is_closing()).into()
}

unsafe extern "C" fn remaining(data: *const c_void) -> u64 {
    // SAFETY: see `is_cancelled`.
    let scope = unsafe { Scope::of(data) };
    scope.ticket.as_ref().map_or(u64::MAX, |ticket| ticket.remaining())
}

unsafe extern "C" fn emit(data: *const c_void, event: abi::Buffer) {
    // SAFETY: see `is_cancelled`.
    let scope = unsafe { Scope::of(data) };
    // One that is nowhere has nobody to be told to.
    if let Some(event) = take(event) {
        scope.instance.emit(event);
    }
}

unsafe extern "C" fn retain(data: *const c_void) -> *const c_void {
    // SAFETY: see `is_cancelled`.
    let scope = unsafe { Scope::of(data) };
    Box::into_raw(Box::new(scope.clone())).cast()
}

unsafe extern "C" fn release(data: *const c_void) {
    // SAFETY: `data` came from `retain`, and this is its last use.
    drop(unsafe { Box::from_raw(data.cast_mut().cast::<Scope>()) });
}
