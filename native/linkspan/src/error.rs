//! What a service says when it refuses.

use std::fmt;

/// What the functions of a service return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The service refuses; the caller gets `{error, {service, Code, Message}}`.
    Failed {
        /// The service's own code.
        code: u32,
        /// For people.
        message: String,
    },
    /// The body cannot be read; the caller gets `{error, {bad_request, Message}}`.
    BadRequest(String),
}

impl Error {
    /// A refusal with a code of the service's own.
    pub fn new(code: u32, message: impl fmt::Display) -> Self {
        Error::Failed { code, message: message.to_string() }
    }

    /// A body that cannot be read.
    pub fn bad_request(why: impl fmt::Display) -> Self {
        Error::BadRequest(why.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Failed { code, message } => write!(f, "{message} (code {code})"),
            Error::BadRequest(why) => write!(f, "bad request: {why}"),
        }
    }
}

impl std::error::Error for Error {}
