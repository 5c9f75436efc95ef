//! The answer.

use bytes::Bytes;
use serde::Serialize;

use crate::{Error, Result, etf};

/// Longest answer that is kept without an allocation.
const SHORT: usize = 64;

/// The answer to one request.
#[derive(Clone, Debug)]
pub struct Reply(pub(crate) Content);

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Short([u8; SHORT], u8),
    Owned(Bytes),
}

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
    pub fn copy(bytes: &[u8]) -> Self {
        if bytes.len() > SHORT {
            return Reply::bytes(Bytes::copy_from_slice(bytes));
        }
        let mut short = [0; SHORT];
        short[..bytes.len()].copy_from_slice(bytes);
        Reply(Content::Short(short, bytes.len() as u8))
    }

    /// An answer that is a term, in the external term format; see [`etf`].
    ///
    /// Fails, with code 0, if the value has no form as a term: a float that is not finite, for one.
    pub fn term<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        let bytes = etf::to_vec(value).map_err(|why| Error::new(0, format_args!("the reply is not a term: {why}")))?;
        Ok(if bytes.len() > SHORT { Reply::bytes(bytes) } else { Reply::copy(&bytes) })
    }

    /// The bytes of the answer.
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Content::Short(bytes, len) => &bytes[..usize::from(*len)],
            Content::Owned(bytes) => bytes,
        }
    }
}
