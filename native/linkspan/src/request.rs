//! The question.

use bytes::Bytes;
use serde::Deserialize;

use crate::{Error, Result, etf};

/// One request: an operation and a body.
pub struct Request<'a> {
    pub(crate) operation: u32,
    pub(crate) body: &'a [u8],
    pub(crate) share: &'a dyn Fn() -> Bytes,
}

impl<'a> Request<'a> {
    /// Number of the operation.
    pub fn operation(&self) -> u32 {
        self.operation
    }

    /// The body, lent for the duration of the call.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The body as an owned value: shared with the VM where it is a reference-counted binary, else copied.
    pub fn to_bytes(&self) -> Bytes {
        (self.share)()
    }

    /// The body as a term, in the external term format; see [`etf`]. What `T` borrows, it borrows from the body.
    ///
    /// Fails with [`Error::BadRequest`], which says where in the term what was expected, and what came.
    ///
    /// ```
    /// # use linkspan::{Reply, Request, Result};
    /// /// `{Text, Times}`
    /// fn repeat(request: Request<'_>) -> Result<Reply> {
    ///     let (text, times): (&str, u16) = request.term()?;
    ///     Reply::term(&text.repeat(times.into()))
    /// }
    /// ```
    pub fn term<T: Deserialize<'a>>(&self) -> Result<T> {
        etf::from_slice(self.body).map_err(Error::bad_request)
    }
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("operation", &self.operation).field("body_len", &self.body.len()).finish()
    }
}
