//! How a request ended, and how that is written: a status byte and a body (see `docs/frame.md`).

use bytes::{BufMut, Bytes, BytesMut};

use crate::LibraryError;

/// How a request ended. The statuses are the same in every host and language.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The answer.
    Ok(Bytes),
    /// The service refused.
    Failed {
        /// The service's own code.
        code: u32,
        /// For people.
        message: Bytes,
    },
    /// The service panicked.
    Panicked(Bytes),
    /// The service declares no such operation.
    UnknownOperation(u32),
    /// The body could not be read.
    BadRequest(Bytes),
    /// Cancelled before it was answered.
    Cancelled,
    /// Its time was over before it was answered.
    Expired,
    /// The queue is full.
    Busy,
    /// The instance is gone.
    Closed,
    /// A frame could not be read.
    Protocol(Bytes),
    /// The service library cannot be used.
    Library(LibraryError),
    /// The system refuses what an instance needs, a thread for example.
    SystemLimit(Bytes),
    /// A part of a stream: further ones follow, or the end.
    Part(Bytes),
}

/// Status bytes that hosts write themselves.
pub mod status {
    /// Of [`Outcome::Ok`](super::Outcome::Ok).
    pub const OK: u8 = 0;
    /// For a request that was queued; only in answers of `port_control`, with an id of 64 bits.
    pub const DEFERRED: u8 = 1;
}

impl Outcome {
    /// The status byte.
    pub fn status(&self) -> u8 {
        match self {
            Outcome::Ok(_) => status::OK,
            Outcome::Failed { .. } => 2,
            Outcome::Panicked(_) => 3,
            Outcome::UnknownOperation(_) => 4,
            Outcome::BadRequest(_) => 5,
            Outcome::Cancelled => 6,
            Outcome::Busy => 7,
            Outcome::Closed => 8,
            Outcome::Protocol(_) => 9,
            Outcome::Library(LibraryError::Missing { .. }) => 10,
            Outcome::Library(LibraryError::NotALibrary { .. }) => 11,
            Outcome::Library(LibraryError::WrongAbi { .. }) => 12,
            Outcome::Library(LibraryError::UnknownService { .. }) => 13,
            Outcome::Expired => 14,
            Outcome::Part(_) => 15,
            Outcome::SystemLimit(_) => 16,
        }
    }

    /// What follows the status byte. The bytes of an answer are not copied.
    pub fn into_body(self) -> Bytes {
        match self {
            Outcome::Ok(bytes)
            | Outcome::Panicked(bytes)
            | Outcome::BadRequest(bytes)
            | Outcome::Protocol(bytes)
            | Outcome::SystemLimit(bytes)
            | Outcome::Part(bytes) => bytes,
            Outcome::Failed { code, message } => {
                let mut body = BytesMut::with_capacity(4 + message.len());
                body.put_u32(code);
                body.put(message);
                body.freeze()
            }
            Outcome::UnknownOperation(number) => Bytes::copy_from_slice(&number.to_be_bytes()),
            Outcome::Cancelled | Outcome::Expired | Outcome::Busy | Outcome::Closed => Bytes::new(),
            Outcome::Library(error) => fields(&error.fields()),
        }
    }
}

/// Strings, each behind its length in 32 bits.
fn fields(strings: &[String]) -> Bytes {
    let mut body = BytesMut::new();
    for string in strings {
        body.put_u32(string.len() as u32);
        body.put(string.as_bytes());
    }
    body.freeze()
}
