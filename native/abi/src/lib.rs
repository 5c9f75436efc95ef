//! The C ABI between a host and a service library. Types and constants only; no logic. `include/linkspan.h` is made of it,
//! docs included.
//!
//! A service library exports one symbol, [`SYMBOL`]: a function of type [`Entry`] that returns a constant
//! [`Library`]. A host checks [`Library::magic`] and [`Library::version`] before it reads anything else; both
//! must be equal to its own [`MAGIC`] and [`VERSION`].
//!
//! Rules that hold for every function here:
//! - nothing unwinds across: a panic is caught where it happens and becomes [`status::PANICKED`];
//! - a [`Slice`] is lent for the duration of the call and never kept;
//! - a [`Buffer`] is owned by whoever received it last and is freed once, from any thread, by its own `free`;
//! - the functions of one instance are never called by two threads at once, but may be called by different
//!   threads one after the other, unless the service is [`flag::DEDICATED`].
#![no_std]

use core::ffi::c_void;

/// First word of every [`Library`]: the ASCII bytes `linkspan`, read as a big-endian number.
pub const MAGIC: u64 = 0x6c69_6e6b_7370_616e;
const _: () = assert!(MAGIC == u64::from_be_bytes(*b"linkspan"));

/// Version of this ABI. Host and library must have the same one.
pub const VERSION: u32 = 2;

/// Name of the exported symbol, with its terminating zero.
pub const SYMBOL: &[u8] = b"linkspan_library\0";

/// Type of the exported symbol. Returns a table that stays valid and constant for the life of the process.
pub type Entry = unsafe extern "C" fn() -> *const Library;

/// What a service library contains.
#[repr(C)]
#[derive(Debug)]
pub struct Library {
    /// Always [`MAGIC`].
    pub magic: u64,
    /// Always [`VERSION`] of the library's build.
    pub version: u32,
    /// Number of entries in `services`.
    pub service_count: u32,
    /// The services.
    pub services: *const Service,
}

// SAFETY: the table is constant; its pointers lead to constant data only.
unsafe impl Sync for Library {}

/// One service: its name, its operations and the four functions that run it.
#[repr(C)]
#[derive(Debug)]
pub struct Service {
    /// Name, UTF-8, unique in the library.
    pub name: Slice,
    /// The operations, in ascending order of their numbers.
    pub operations: *const Operation,
    /// Number of entries in `operations`.
    pub operation_count: usize,
    /// Makes an instance from its start argument. On [`status::OK_BUFFER`] or [`status::OK_INLINE`] the state has
    /// been written to `state`; otherwise the reply holds the reason.
    pub start: unsafe extern "C" fn(
        argument: Slice,
        context: *const Context,
        state: *mut *mut c_void,
        reply: *mut Reply,
    ) -> Status,
    /// Handles one request. Returns one of the [`status`] constants; the answer is in `reply`.
    pub call: unsafe extern "C" fn(
        state: *mut c_void,
        request: *const Request,
        context: *const Context,
        reply: *mut Reply,
    ) -> Status,
    /// Ends an instance and frees its state. `panicked` is 1 if the last call panicked: then the state is only freed.
    pub stop: unsafe extern "C" fn(state: *mut c_void, context: *const Context, panicked: u8),
    /// What a request will cost: one of the [`cost`] constants. Called without an instance, from any thread.
    pub cost: unsafe extern "C" fn(operation: u32, body_len: usize) -> u8,
    /// A sum of [`flag`] constants, or 0.
    pub flags: u8,
    /// What a typed service says of itself, as a term in the external term format; empty, or no function, if it says
    /// nothing. From any thread, without an instance.
    pub describe: Option<unsafe extern "C" fn() -> Buffer>,
}

// SAFETY: as for `Library`.
unsafe impl Sync for Service {}

/// An operation of a service.
#[repr(C)]
#[derive(Debug)]
pub struct Operation {
    /// Number, below [`OPERATION_LIMIT`].
    pub number: u32,
    /// Name, UTF-8.
    pub name: Slice,
}

// SAFETY: as for `Library`.
unsafe impl Sync for Operation {}

/// Operation numbers are below this; hosts use the rest for themselves.
pub const OPERATION_LIMIT: u32 = 1 << 30;

/// Bytes lent for the duration of a call. `data` may be dangling if `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// First byte.
    pub data: *const u8,
    /// Number of bytes.
    pub len: usize,
}

/// Bytes with an owner.
#[repr(C)]
#[derive(Debug)]
pub struct Buffer {
    /// First byte; may be dangling if `len` is 0.
    pub data: *const u8,
    /// Number of bytes.
    pub len: usize,
    /// What `free` wants to be given.
    pub owner: *mut c_void,
    /// Frees the bytes; none if they live for ever.
    pub free: Option<unsafe extern "C" fn(owner: *mut c_void)>,
}

/// One question to an instance.
#[repr(C)]
#[derive(Debug)]
pub struct Request {
    /// Number of the operation; one that the service declared.
    pub operation: u32,
    /// 1 if nobody waits for an answer.
    pub cast: u8,
    /// The body.
    pub body: Slice,
    /// What `share` wants to be given.
    pub lender: *const c_void,
    /// Makes an owned buffer of the whole body: shared where the host holds it by reference, else copied.
    pub share: unsafe extern "C" fn(lender: *const c_void) -> Buffer,
}

/// Room for the answer to one question. But for the room that it provides, it is blank when the question is asked.
#[repr(C)]
#[derive(Debug)]
pub struct Reply {
    /// Room for a short answer, provided by the host.
    pub inline_data: *mut u8,
    /// Bytes of room in `inline_data`.
    pub inline_capacity: usize,
    /// Set by the service with [`status::OK_INLINE`]: bytes written to `inline_data`.
    pub inline_len: usize,
    /// Set by the service with [`status::OK_BUFFER`]: the answer; with the other statuses: the message, UTF-8.
    pub buffer: Buffer,
    /// Set by the service with [`status::FAILED`]: its own error code.
    pub code: u32,
    /// Set by the service with [`status::OK_STREAM`]: the answer, which the host owns from then on.
    pub stream: Stream,
}

/// An answer in parts. Its functions are called by one thread at a time, and by no other than those that may call the
/// functions of the instance; never while one of these runs.
#[repr(C)]
#[derive(Debug)]
pub struct Stream {
    /// What the functions want to be given.
    pub data: *mut c_void,
    /// Makes the next part: [`status::OK_BUFFER`] or [`status::OK_INLINE`]. Everything else is the end, and the last
    /// call: [`status::END`], [`status::FAILED`], [`status::BAD_REQUEST`] or [`status::PANICKED`].
    pub next: Option<unsafe extern "C" fn(data: *mut c_void, context: *const Context, reply: *mut Reply) -> Status>,
    /// Frees the stream, at its end or before; the last use of `data`.
    pub free: Option<unsafe extern "C" fn(data: *mut c_void)>,
}

/// How a call ended: one of the [`status`] constants.
pub type Status = i32;

/// Values of [`Status`].
pub mod status {
    use super::Status;

    /// A status: the answer is in `inline_data`.
    pub const OK_INLINE: Status = 0;
    /// A status: the answer is in `buffer`.
    pub const OK_BUFFER: Status = 1;
    /// A status: the service refuses, with a code and a message.
    pub const FAILED: Status = 2;
    /// A status: the service panicked; the message is in `buffer`.
    pub const PANICKED: Status = 3;
    /// A status: the service does not know the operation.
    pub const UNKNOWN_OPERATION: Status = 4;
    /// A status: the service cannot read the body; the message says why.
    pub const BAD_REQUEST: Status = 5;
    /// A status: the answer comes in parts; `stream` makes them.
    pub const OK_STREAM: Status = 6;
    /// A status, only of a stream's `next`: there is no further part.
    pub const END: Status = 7;
}

/// What a service says of itself in [`Service::flags`].
pub mod flag {
    /// A flag: requests do not depend on each other, so that several instances may share the work.
    pub const INDEPENDENT: u8 = 1;
    /// A flag: each instance has a thread of its own; start, calls and stop come from that thread and no other.
    pub const DEDICATED: u8 = 2;
}

/// What a request costs, as the service sees it.
pub mod cost {
    /// A cost: bounded well below 100 us; may run on a scheduler thread at once.
    pub const SHORT: u8 = 0;
    /// A cost: always deferred to a worker.
    pub const LONG: u8 = 1;
    /// A cost: not known. The host measures, and defers what has been slow.
    pub const LEARN: u8 = 2;
}

/// What an instance may ask of its host during a call. The functions take `data`, or what `retain` made of it.
#[repr(C)]
#[derive(Debug)]
pub struct Context {
    /// Name of the host: `driver`, `nif` or `program`.
    pub host: Slice,
    /// Stack in bytes that a call on this thread may use.
    pub stack_limit: usize,
    /// What the functions want to be given; valid for the duration of the call.
    pub data: *const c_void,
    /// 1 if nobody waits for the running request any more, or the instance is closing. From any thread.
    pub is_cancelled: unsafe extern "C" fn(data: *const c_void) -> u8,
    /// Nanoseconds left until the caller stops waiting; all bits are set if it waits for ever. From any thread.
    pub remaining: unsafe extern "C" fn(data: *const c_void) -> u64,
    /// Sends an event; takes the buffer. From any thread.
    pub emit: unsafe extern "C" fn(data: *const c_void, event: Buffer),
    /// Makes a `data` that outlives the call and may be used from any thread, with `is_cancelled` and `emit`.
    pub retain: unsafe extern "C" fn(data: *const c_void) -> *const c_void,
    /// Frees what `retain` made.
    pub release: unsafe extern "C" fn(data: *const c_void),
}
