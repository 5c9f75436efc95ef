//! Why a term could not be read or written, and where in it.

use std::fmt::{self, Display};

use serde::{de, ser};

/// Why a term could not be read or written, and where. Shown as `user.emails[3] (byte 17): expected ..., got ...`.
// Boxed, since results are returned for every element of every term.
#[derive(Debug)]
pub struct Error(Box<Fault>);

#[derive(Debug)]
struct Fault {
    reason: Reason,
    path: String,
    offset: Option<usize>,
}

/// What is wrong with a term.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Another kind of term was wanted, or a value in another range.
    #[error("expected {expected}, got {got}")]
    Unexpected {
        /// What was wanted, in words such as `an integer (u8)`.
        expected: String,
        /// What came, in words such as `the integer 300`.
        got: String,
    },
    /// What a type says itself, such as a missing field.
    #[error("{0}")]
    Message(String),
    /// The bytes end within a term, or a length in it says more than is there.
    #[error("the term is cut off")]
    Truncated,
    /// The bytes are not in the external term format.
    #[error("malformed term: {0}")]
    Malformed(&'static str),
    /// No term begins with this tag, or none that is taken.
    #[error("unknown tag {0}")]
    UnknownTag(u8),
    /// The first byte is this one, not 131.
    #[error("unknown version {0} of the external term format, expected 131")]
    Version(u8),
    /// The term is compressed. Such are refused: a few bytes could stand for gigabytes.
    #[error("compressed terms are not taken")]
    Compressed,
    /// Lists, tuples and maps are nested more deeply than this [limit](super::Limits).
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    /// There are more bytes than the [limit](super::Limits).
    #[error("{size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// How many.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The term is followed by so many bytes more.
    #[error("{0} bytes after the term")]
    Trailing(usize),
    /// The value has no form as a term: a float that is not finite, an atom of more than 255 characters, a map with a
    /// key twice.
    #[error("{0}")]
    Unencodable(&'static str),
    /// The writer of [`to_writer`](super::to_writer) failed.
    #[error("cannot write the term: {0}")]
    Io(std::io::Error),
}

/// A step on the path to a value.
pub(super) enum Step<'a> {
    Field(&'a str),
    Index(usize),
    /// The value under a key that has no short text.
    Value,
}

impl Error {
    /// What is wrong.
    pub fn reason(&self) -> &Reason {
        &self.0.reason
    }

    /// Fields and indices that lead to the value, as in `user.emails[3]`; empty for the whole term.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The byte at which the value begins, or the first one that is wrong. `None` while encoding.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// Gives the path one more step, in front: what failed is the value of this field.
    ///
    /// ```
    /// use linkspan::etf;
    /// let error = etf::from_slice::<i64>(b"\x83m\0\0\0\x01x").unwrap_err().within("by");
    /// assert_eq!(error.to_string(), "by (byte 1): expected an integer (i64), got a binary");
    /// ```
    #[must_use]
    pub fn within(self, field: &str) -> Self {
        self.step(&Step::Field(field))
    }

    #[cold]
    pub(super) fn unexpected(expected: impl Display, got: impl Display) -> Self {
        Reason::Unexpected { expected: expected.to_string(), got: got.to_string() }.into()
    }

    #[cold]
    pub(super) fn step(mut self, step: &Step<'_>) -> Self {
        let step = match step {
            Step::Field(name) => name.to_string(),
            Step::Index(index) => format!("[{index}]"),
            Step::Value => "[_]".to_string(),
        };
        let path = &mut self.0.path;
        let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
        *path = step + dot + path;
        self
    }

    /// Says where, unless that is known: what a type says itself comes without.
    #[cold]
    pub(super) fn at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.path(), self.offset()) {
            ("", None) => {}
            ("", Some(offset)) => write!(f, "byte {offset}: ")?,
            (path, None) => write!(f, "{path}: ")?,
            (path, Some(offset)) => write!(f, "{path} (byte {offset}): ")?,
        }
        self.reason().fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.reason() {
            Reason::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Reason> for Error {
    #[cold]
    fn from(reason: Reason) -> Self {
        Error(Box::new(Fault { reason, path: String::new(), offset: None }))
    }
}

fn message(text: impl Display) -> Error {
    Reason::Message(text.to_string()).into()
}

impl ser::Error for Error {
    fn custom<T: Display>(text: T) -> Self {
        message(text)
    }
}

impl de::Error for Error {
    fn custom<T: Display>(text: T) -> Self {
        message(text)
    }

    fn invalid_type(got: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Error::unexpected(expected, got)
    }

    fn invalid_value(got: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Error::unexpected(expected, got)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Error::unexpected(format_args!("one of {}", expected.join(", ")), variant)
    }

    fn missing_field(field: &'static str) -> Self {
        message(format_args!("the field {field} is missing"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        message(format_args!("there is no field {field}, only {}", expected.join(", ")))
    }

    fn duplicate_field(field: &'static str) -> Self {
        message(format_args!("the field {field} is there twice"))
    }
}
