//! How an instance behaves.

/// How an instance behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Requests that may be open at once.
    pub limit: usize,
    /// Bytes of bodies that may be queued at once. A longer body is taken when nothing else is open.
    pub bytes: usize,
    /// What a panic does to the instance.
    pub on_panic: OnPanic,
}

impl Options {
    /// What holds until the client says otherwise.
    pub const DEFAULT: Options = Options { limit: 4096, bytes: 256 * 1024 * 1024, on_panic: OnPanic::Stop };
}

/// What a panic does to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPanic {
    /// It ends.
    Stop,
    /// It lives on with whatever state the panic left.
    Keep,
}
