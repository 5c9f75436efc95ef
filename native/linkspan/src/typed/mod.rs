//! What `#[linkspan::service]` writes code with, and how a typed service describes itself.

mod arguments;
mod describe;

use std::fmt::Display;

use serde::Serialize;

#[doc(hidden)]
pub use self::arguments::{Arguments, StartArgument};
pub use self::describe::{Argument, Description, Operation, Type, Typed};
#[doc(hidden)]
pub use self::describe::{Probe, Undescribed};
use crate::{Bytes, Reply, Result, etf};

/// The answer of an operation.
#[doc(hidden)]
pub fn reply<T: Serialize + ?Sized>(value: &T) -> Result<Reply> {
    Reply::term(value)
}

/// The result of an operation that may refuse.
#[doc(hidden)]
pub fn refused<T, E: Into<crate::Error>>(result: std::result::Result<T, E>) -> Result<T> {
    result.map_err(Into::into)
}

/// The answer of an operation that takes and returns bytes.
#[doc(hidden)]
pub fn raw(bytes: impl Into<Bytes>) -> Reply {
    Reply::bytes(bytes)
}

/// The answer of an operation in parts, each a term.
#[doc(hidden)]
pub fn stream<I>(parts: I) -> Reply
where
    I: IntoIterator<IntoIter: Send + 'static, Item: Serialize>,
{
    let unwritten = |why| crate::Error::new(0, format_args!("a part is not a term: {why}"));
    Reply::stream(parts.into_iter().map(move |part| etf::to_bytes(&part).map_err(unwritten)))
}

/// The answer of an operation that returns nothing: the atom `ok`.
#[doc(hidden)]
pub fn nothing() -> Reply {
    const OK: &[u8] = b"\x83w\x02ok";
    Reply::copy(OK)
}

fn bad(why: impl Display) -> crate::Error {
    crate::Error::bad_request(why)
}

/// The description as it travels.
pub(crate) fn encoded(description: &Description) -> Vec<u8> {
    // Strings, numbers and lists of them have a form as terms.
    etf::to_vec(description).unwrap_or_default()
}
