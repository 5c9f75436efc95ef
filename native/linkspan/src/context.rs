//! What a service may ask of its host.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::ffi::{BorrowedContext, RetainedContext};

/// The host's side of a running call.
#[derive(Debug)]
pub struct Context<'a>(pub(crate) BorrowedContext<'a>);

impl Context<'_> {
    /// Whether the work is in vain: the caller timed out, cancelled or died, or the instance is closing.
    /// Long work should ask now and then and return early; its reply is thrown away.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// When the caller stops waiting; `None` if it waits for ever.
    pub fn deadline(&self) -> Option<Instant> {
        let remaining = self.0.remaining();
        (remaining != u64::MAX).then(|| Instant::now() + Duration::from_nanos(remaining))
    }

    /// Sends an event to whoever listens to this instance.
    pub fn emit(&self, event: impl Into<Bytes>) {
        self.0.emit(event.into());
    }

    /// Name of the host: `driver`, `nif` or `program`. For reports; a service does the same in all of them.
    pub fn host(&self) -> &str {
        self.0.host()
    }

    /// Bytes of stack that this call may use. Threads differ: an interpreter that checks its stack must ask anew
    /// at each call.
    pub fn stack_limit(&self) -> usize {
        self.0.stack_limit()
    }

    /// A handle that tells from any thread whether the running request is in vain.
    pub fn canceller(&self) -> Canceller {
        Canceller(Arc::new(self.0.retain()))
    }

    /// A handle that sends events from any thread, also after the call.
    pub fn emitter(&self) -> Emitter {
        Emitter(Arc::new(self.0.retain()))
    }
}

/// Tells from any thread whether a request is in vain. See [`Context::canceller`].
#[derive(Clone, Debug)]
pub struct Canceller(Arc<RetainedContext>);

impl Canceller {
    /// As [`Context::is_cancelled`], for the request in which the handle was made.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// Sends events from any thread. See [`Context::emitter`].
#[derive(Clone, Debug)]
pub struct Emitter(Arc<RetainedContext>);

impl Emitter {
    /// As [`Context::emit`]. After the instance has closed, nothing happens.
    pub fn emit(&self, event: impl Into<Bytes>) {
        self.0.emit(event.into());
    }
}
