//! The service's side of the ABI, all of it, for `unsafe` is nowhere else. What is public here is for
//! [`export!`](crate::export) alone.

use std::ffi::c_void;
use std::marker::PhantomData;

use bytes::Bytes;
pub use linkspan_abi as abi;

use crate::reply::{Content, Parts};
use crate::{Context, Error, Operation, Reply, Request, Result, Service, Threading, panic, typed};

/// Makes a service library of one or more services: `linkspan::export!(Sum, Product);`. See the example on the
/// crate's page.
///
/// A service that is not `Send` must be bound to a thread:
///
/// ```compile_fail,E0080
/// # use linkspan::{Context, Operation, Reply, Request, Result, Service};
/// struct Bound(std::rc::Rc<()>);
///
/// impl Service for Bound {
///     const NAME: &'static str = "bound";
///     const OPERATIONS: &'static [Operation] = &[];
///     // const THREADING: linkspan::Threading = linkspan::Threading::Dedicated;
/// #   fn start(_: &[u8], _: &Context<'_>) -> Result<Self> { unimplemented!() }
/// #   fn call(&mut self, _: Request<'_>, _: &Context<'_>) -> Result<Reply> { unimplemented!() }
/// }
///
/// linkspan::export!(Bound);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export {
    ($($service:ty),+ $(,)?) => {
        const _: () = {
            #[allow(unused_imports)] // where the service is Send
            use $crate::ffi::NotSend as _;
            $(assert!(
                $crate::ffi::Probe::<$service>::IS_SEND || $crate::ffi::is_dedicated::<$service>(),
                concat!(stringify!($service), " is not Send: it needs THREADING = Threading::Dedicated"),
            );)+
        };

        /// The table of this service library.
        #[unsafe(no_mangle)]
        pub extern "C" fn linkspan_library() -> *const $crate::ffi::abi::Library {
            static SERVICES: &[$crate::ffi::abi::Service] = &[$($crate::ffi::service::<$service>()),+];
            static LIBRARY: $crate::ffi::abi::Library = $crate::ffi::library(SERVICES);
            &LIBRARY
        }
    };
}

/// Whether a type is `Send`: its own constant goes before that of the trait, where the type has it.
pub struct Probe<T>(PhantomData<T>);

impl<T: Send> Probe<T> {
    /// It is.
    pub const IS_SEND: bool = true;
}

/// For every other type.
pub trait NotSend {
    /// It is not.
    const IS_SEND: bool = false;
}

impl<T> NotSend for Probe<T> {}

/// Whether each instance has a thread of its own.
pub const fn is_dedicated<S: Service>() -> bool {
    matches!(S::THREADING, Threading::Dedicated)
}

/// The table of a library.
pub const fn library(services: &'static [abi::Service]) -> abi::Library {
    abi::Library {
        magic: abi::MAGIC,
        version: abi::VERSION,
        service_count: services.len() as u32,
        services: services.as_ptr(),
    }
}

/// The entry of one service.
pub const fn service<S: Service>() -> abi::Service {
    abi::Service {
        name: slice(S::NAME.as_bytes()),
        operations: const { &operations::<S>() }.as_ptr().cast(),
        operation_count: S::OPERATIONS.len(),
        start: start::<S>,
        call: call::<S>,
        stop: stop::<S>,
        cost: cost::<S>,
        flags: if S::INDEPENDENT { abi::flag::INDEPENDENT } else { 0 }
            | if is_dedicated::<S>() { abi::flag::DEDICATED } else { 0 },
        describe: if S::DESCRIBE.is_some() { Some(describe::<S>) } else { None },
    }
}

/// Most operations that a service may have: an array of this length is made at compile time.
const MOST_OPERATIONS: usize = 256;

const fn operations<S: Service>() -> [abi::Operation; MOST_OPERATIONS] {
    assert!(S::OPERATIONS.len() <= MOST_OPERATIONS, "a service has at most 256 operations");
    let mut all = [const { abi::Operation { number: 0, name: slice(b"") } }; MOST_OPERATIONS];
    let mut i = 0;
    while i < S::OPERATIONS.len() {
        let Operation { number, name } = S::OPERATIONS[i];
        assert!(i == 0 || S::OPERATIONS[i - 1].number < number, "operations are in ascending order of their numbers");
        all[i] = abi::Operation { number, name: slice(name.as_bytes()) };
        i += 1;
    }
    all
}

const fn slice(bytes: &[u8]) -> abi::Slice {
    abi::Slice { data: bytes.as_ptr(), len: bytes.len() }
}

unsafe extern "C" fn start<S: Service>(
    argument: abi::Slice,
    context: *const abi::Context,
    state: *mut *mut c_void,
    reply: *mut abi::Reply,
) -> abi::Status {
    panic::install_hook();
    let started = panic::catch(|| {
        // SAFETY: the host lends the argument and the context for the duration of this call.
        let argument = unsafe { borrow(argument) };
        // SAFETY: as above.
        let cx = Context(unsafe { BorrowedContext::new(context) });
        S::start(argument, &cx).map(|service| Box::into_raw(Box::new(service)).cast())
    });
    let answer = started.map(|result| {
        result.map(|pointer| {
            // SAFETY: the host provides room for the state.
            unsafe { state.write(pointer) };
            Reply::empty()
        })
    });
    match answer {
        // SAFETY: the host provides room for the reply.
        Ok(answer) => unsafe { write(reply, answer) },
        // SAFETY: as above.
        Err(message) => unsafe { write_panic(reply, message) },
    }
}

unsafe extern "C" fn call<S: Service>(
    state: *mut c_void,
    request: *const abi::Request,
    context: *const abi::Context,
    reply: *mut abi::Reply,
) -> abi::Status {
    let called = panic::catch(|| {
        // SAFETY: `state` came from `start::<S>`, and one thread at a time uses it.
        let service = unsafe { &mut *state.cast::<S>() };
        // SAFETY: the host lends request and context for the duration of this call.
        let request = unsafe { &*request };
        // SAFETY: as above.
        let cx = Context(unsafe { BorrowedContext::new(context) });
        let share = || {
            // SAFETY: as above; `share` wants the lender it came with.
            let buffer = unsafe { (request.share)(request.lender) };
            // SAFETY: the buffer was made for us.
            unsafe { take(buffer) }
        };
        // SAFETY: as above.
        let body = unsafe { borrow(request.body) };
        let wants_reply = request.cast == 0;
        let request = Request { operation: request.operation, body, share: &share };
        let answer =
            if wants_reply { service.call(request, &cx) } else { service.cast(request, &cx).map(|()| Reply::empty()) };
        // SAFETY: the host provides room for the reply.
        unsafe { write(reply, answer) }
    });
    // SAFETY: as above.
    called.unwrap_or_else(|message| unsafe { write_panic(reply, message) })
}

unsafe extern "C" fn stop<S: Service>(state: *mut c_void, context: *const abi::Context, panicked: u8) {
    let stopped = panic::catch(|| {
        // SAFETY: `state` came from `start::<S>`, and this is its last use.
        let service = unsafe { Box::from_raw(state.cast::<S>()) };
        if panicked == 0 {
            // SAFETY: the host lends the context for the duration of this call.
            service.stop(&Context(unsafe { BorrowedContext::new(context) }));
        }
    });
    // A panic while stopping has nobody to be told to: the instance is gone already.
    drop(stopped);
}

unsafe extern "C" fn cost<S: Service>(operation: u32, body_len: usize) -> u8 {
    match panic::barrier(|| S::cost(operation, body_len)) {
        Some(crate::Cost::Short) => abi::cost::SHORT,
        Some(crate::Cost::Long) => abi::cost::LONG,
        Some(crate::Cost::Learn) | None => abi::cost::LEARN,
    }
}

unsafe extern "C" fn describe<S: Service>() -> abi::Buffer {
    let described = panic::barrier(|| S::DESCRIBE.map(|describe| typed::encoded(&describe())));
    give(described.flatten().unwrap_or_default().into())
}

/// Writes an answer into the host's room.
///
/// # Safety
/// `reply` must be valid for reads and writes, with `inline_capacity` bytes at `inline_data`.
unsafe fn write(reply: *mut abi::Reply, answer: Result<Reply>) -> abi::Status {
    // SAFETY: the caller's promise.
    let reply = unsafe { &mut *reply };
    if let Ok(short) = &answer
        && let Some((bytes, len)) = short.padded()
        && bytes.len() <= reply.inline_capacity
    {
        // All that it is kept in: a length that is known costs a fraction of one that is not.
        // SAFETY: there is room, and the host's room overlaps nothing of ours.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), reply.inline_data, bytes.len()) };
        reply.inline_len = len;
        return abi::status::OK_INLINE;
    }
    // By reference: a short answer is copied once, to where it is to be.
    if let Ok(short) = &answer
        && !short.is_stream()
        && short.as_slice().len() <= reply.inline_capacity
    {
        let bytes = short.as_slice();
        // SAFETY: there is room, and the host's room overlaps nothing of ours.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), reply.inline_data, bytes.len()) };
        reply.inline_len = bytes.len();
        return abi::status::OK_INLINE;
    }
    match answer {
        Ok(Reply(Content::Stream(parts))) => {
            reply.stream = stream(parts);
            abi::status::OK_STREAM
        }
        Ok(Reply(Content::Owned(bytes))) => {
            reply.buffer = give(bytes);
            abi::status::OK_BUFFER
        }
        Ok(answer) => {
            reply.buffer = give(Bytes::copy_from_slice(answer.as_slice()));
            abi::status::OK_BUFFER
        }
        Err(Error::Failed { code, message }) => {
            reply.code = code;
            reply.buffer = give(message.into());
            abi::status::FAILED
        }
        Err(Error::BadRequest(why)) => {
            reply.buffer = give(why.into());
            abi::status::BAD_REQUEST
        }
    }
}

/// Hands an answer in parts over the ABI.
fn stream(parts: Parts) -> abi::Stream {
    // Boxed once more: a pointer to a trait object is two words.
    let data = Box::into_raw(Box::new(parts)).cast();
    abi::Stream { data, next: Some(next), free: Some(free_stream) }
}

unsafe extern "C" fn next(data: *mut c_void, _context: *const abi::Context, reply: *mut abi::Reply) -> abi::Status {
    let made = panic::catch(|| {
        // SAFETY: `data` came from `stream` and is not yet freed, and one thread at a time uses it.
        let parts = unsafe { &mut *data.cast::<Parts>() };
        match parts.next() {
            // SAFETY: the host provides room for the reply.
            Some(part) => unsafe { write(reply, part.map(Reply::bytes)) },
            None => abi::status::END,
        }
    });
    // SAFETY: as above.
    made.unwrap_or_else(|message| unsafe { write_panic(reply, message) })
}

unsafe extern "C" fn free_stream(data: *mut c_void) {
    // SAFETY: `data` came from `stream`, and this is its last use.
    let parts = unsafe { Box::from_raw(data.cast::<Parts>()) };
    // A panic has nobody to be told to: nobody wants the parts any more.
    drop(panic::catch(|| drop(parts)));
}

/// Writes the message of a panic into the host's room.
///
/// # Safety
/// As for `write`.
unsafe fn write_panic(reply: *mut abi::Reply, message: String) -> abi::Status {
    // SAFETY: the caller's promise.
    unsafe { (*reply).buffer = give(message.into()) };
    abi::status::PANICKED
}

/// Hands bytes over the ABI.
fn give(bytes: Bytes) -> abi::Buffer {
    unsafe extern "C" fn free(owner: *mut c_void) {
        // SAFETY: `owner` came from the `Box` below and is freed once. Dropping `Bytes` may run a foreign owner's
        // drop, which must not panic, as none may.
        drop(unsafe { Box::from_raw(owner.cast::<Bytes>()) });
    }
    let owner = Box::new(bytes);
    abi::Buffer { data: owner.as_ptr(), len: owner.len(), owner: Box::into_raw(owner).cast(), free: Some(free) }
}

/// Takes bytes that came over the ABI.
///
/// # Safety
/// `buffer` must be as the ABI says, and nobody else may use it afterwards.
unsafe fn take(buffer: abi::Buffer) -> Bytes {
    struct Owner(abi::Buffer);
    // SAFETY: a buffer may be read and freed from any thread.
    unsafe impl Send for Owner {}
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            // SAFETY: the bytes live until `free`.
            unsafe { borrow(abi::Slice { data: self.0.data, len: self.0.len }) }
        }
    }
    impl Drop for Owner {
        fn drop(&mut self) {
            if let Some(free) = self.0.free {
                // SAFETY: the last use of the buffer.
                unsafe { free(self.0.owner) };
            }
        }
    }
    Bytes::from_owner(Owner(buffer))
}

/// Reads lent bytes.
///
/// # Safety
/// The bytes must stay valid for `'a`.
unsafe fn borrow<'a>(slice: abi::Slice) -> &'a [u8] {
    if slice.len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(slice.data, slice.len) }
}

/// The host's context during a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BorrowedContext<'a> {
    context: &'a abi::Context,
    // A context belongs to the thread that runs the call.
    not_send: PhantomData<*const ()>,
}

impl BorrowedContext<'_> {
    /// # Safety
    /// `context` must be valid until the call that it came with returns.
    unsafe fn new(context: *const abi::Context) -> Self {
        // SAFETY: the caller's promise.
        BorrowedContext { context: unsafe { &*context }, not_send: PhantomData }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        // SAFETY: `data` is what the function wants to be given; here and below.
        unsafe { (self.context.is_cancelled)(self.context.data) != 0 }
    }

    pub(crate) fn remaining(&self) -> u64 {
        // SAFETY: see `is_cancelled`.
        unsafe { (self.context.remaining)(self.context.data) }
    }

    pub(crate) fn emit(&self, event: Bytes) {
        // SAFETY: see `is_cancelled`; the host takes the buffer.
        unsafe { (self.context.emit)(self.context.data, give(event)) }
    }

    pub(crate) fn host(&self) -> &str {
        // SAFETY: the host's name lives as long as its context.
        std::str::from_utf8(unsafe { borrow(self.context.host) }).unwrap_or_default()
    }

    pub(crate) fn stack_limit(&self) -> usize {
        self.context.stack_limit
    }

    pub(crate) fn retain(&self) -> RetainedContext {
        let abi::Context { is_cancelled, emit, retain, release, data, .. } = *self.context;
        // SAFETY: see `is_cancelled`.
        RetainedContext { data: unsafe { retain(data) }, is_cancelled, emit, release }
    }
}

/// A context that outlives its call.
#[derive(Debug)]
pub(crate) struct RetainedContext {
    data: *const c_void,
    is_cancelled: unsafe extern "C" fn(*const c_void) -> u8,
    emit: unsafe extern "C" fn(*const c_void, abi::Buffer),
    release: unsafe extern "C" fn(*const c_void),
}

// SAFETY: the ABI lets retained data be used from any thread, by several at once.
unsafe impl Send for RetainedContext {}
// SAFETY: as above.
unsafe impl Sync for RetainedContext {}

impl RetainedContext {
    pub(crate) fn is_cancelled(&self) -> bool {
        // SAFETY: `data` was retained and is not yet released.
        unsafe { (self.is_cancelled)(self.data) != 0 }
    }

    pub(crate) fn emit(&self, event: Bytes) {
        // SAFETY: as above; the host takes the buffer.
        unsafe { (self.emit)(self.data, give(event)) }
    }
}

impl Drop for RetainedContext {
    fn drop(&mut self) {
        // SAFETY: the last use of what `retain` made.
        unsafe { (self.release)(self.data) }
    }
}
