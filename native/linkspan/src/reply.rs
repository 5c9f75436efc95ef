//! The answer.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use crate::{Error, Result, etf};

/// Longest answer that is kept without an allocation.
const SHORT: usize = 64;

/// The answer to one request.
#[derive(Debug)]
pub struct Reply(pub(crate) Content);

pub(crate) enum Content {
    Short(Short),
    Owned(Bytes),
    Stream(Parts),
}

/// Laid out for being moved: a load that spans two stores waits for both, so nothing is in front of the bytes. What else an
/// answer can be is told by other values of the last word.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub(crate) struct Short {
    bytes: [u8; SHORT],
    len: usize,
    _kind: Kind,
}

#[derive(Clone, Copy)]
#[repr(usize)]
enum Kind {
    Short,
}

const _: () = assert!(size_of::<Result<Reply>>() == size_of::<Short>(), "there is a tag in front of the bytes");

/// The parts of an answer, one after the other.
pub(crate) type Parts = Box<dyn Iterator<Item = Result<Bytes>> + Send>;

impl Reply {
    /// An answer without bytes.
    pub fn empty() -> Self {
        Reply(Content::Owned(Bytes::new()))
    }

    /// An answer that owns its bytes: `Vec<u8>`, `String`, `Bytes`. Not copied on the way where the host allows it.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Reply(Content::Owned(bytes.into()))
    }

    /// An answer with a copy of `bytes`. The cheapest for short ones: up to 64 bytes need no allocation.
    #[inline]
    pub fn copy(bytes: &[u8]) -> Self {
        if bytes.len() > SHORT { Reply::copy_long(bytes) } else { Reply(Content::Short(Short::copy(bytes))) }
    }

    #[inline(never)]
    fn copy_long(bytes: &[u8]) -> Self {
        Reply::bytes(Bytes::copy_from_slice(bytes))
    }

    /// An answer in parts, for those who ask for a stream: a part is made when its recipient has room for it. An error
    /// is the end.
    ///
    /// The iterator does not borrow the service: other requests go on between two parts. Each part is made on a thread
    /// on which requests may run, so that a slow `next` holds up the whole instance, and a panic in it is one of the
    /// instance. The iterator is dropped as soon as nobody wants its parts any more.
    ///
    /// ```
    /// use linkspan::{Reply, Result};
    ///
    /// fn count_to(n: u64) -> Reply {
    ///     Reply::stream((1..=n).map(|number| Ok(number.to_string())))
    /// }
    /// # assert!(count_to(3).is_stream());
    /// ```
    pub fn stream<I, B>(parts: I) -> Self
    where
        I: Iterator<Item = Result<B>> + Send + 'static,
        B: Into<Bytes>,
    {
        Reply(Content::Stream(Box::new(parts.map(|part| part.map(Into::into)))))
    }

    /// Whether the answer comes in parts.
    pub fn is_stream(&self) -> bool {
        matches!(self.0, Content::Stream(_))
    }

    /// An answer that is a term, in the external term format; see [`etf`].
    ///
    /// Fails, with code 0, if the value has no form as a term: a float that is not finite, for one.
    pub fn term<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        let bytes = etf::to_vec(value).map_err(|why| Error::new(0, format_args!("the reply is not a term: {why}")))?;
        Ok(if bytes.len() > SHORT { Reply::bytes(bytes) } else { Reply::copy(&bytes) })
    }

    /// A short answer, with zeros behind it.
    #[inline]
    pub(crate) fn padded(&self) -> Option<(&[u8; SHORT], usize)> {
        match &self.0 {
            Content::Short(short) => Some((&short.bytes, short.len)),
            Content::Owned(_) | Content::Stream(_) => None,
        }
    }

    /// The bytes of the answer; none of an answer in parts.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Content::Short(short) => short.as_slice(),
            Content::Owned(bytes) => bytes,
            Content::Stream(_) => &[],
        }
    }
}

impl Short {
    #[inline]
    fn copy(bytes: &[u8]) -> Self {
        let mut short = Short { bytes: [0; SHORT], len: bytes.len(), _kind: Kind::Short };
        short.bytes[..bytes.len()].copy_from_slice(bytes);
        short
    }

    #[inline]
    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Short(short) => f.debug_tuple("Short").field(&short.as_slice()).finish(),
            Content::Owned(bytes) => f.debug_tuple("Owned").field(bytes).finish(),
            Content::Stream(_) => f.write_str("Stream"),
        }
    }
}
