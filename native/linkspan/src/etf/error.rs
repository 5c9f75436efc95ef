//! Why a term could not be read or written, and where in it.

use std::fmt::{self, Display};

use serde::{de, ser};

/// Why a term could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another kind of term was wanted, or a value in another range.
    #[error("{place}expected {expected}, got {got}")]
    Unexpected {
        /// What was wanted.
        expected: Box<str>,
        /// What came.
        got: Box<str>,
        /// Where.
        place: Place,
    },
    /// What a type says itself, such as a missing field.
    #[error("{place}{message}")]
    Message {
        /// For people.
        message: Box<str>,
        /// Where.
        place: Place,
    },
    /// The bytes end within a term, or a length in it says more than is there.
    #[error("{place}the term is cut off")]
    Truncated {
        /// Where.
        place: Place,
    },
    /// The bytes are not in the external term format.
    #[error("{place}malformed term: {what}")]
    Malformed {
        /// What is wrong with them.
        what: &'static str,
        /// Where.
        place: Place,
    },
    /// No term begins with this tag, or none that is taken.
    #[error("{place}unknown tag {tag}")]
    UnknownTag {
        /// The tag.
        tag: u8,
        /// Where.
        place: Place,
    },
    /// The first byte is not 131.
    #[error("{place}unknown version {version} of the external term format, expected 131")]
    Version {
        /// The version.
        version: u8,
        /// Where.
        place: Place,
    },
    /// The term is compressed. Such are refused: a few bytes could stand for gigabytes.
    #[error("{place}compressed terms are not taken")]
    Compressed {
        /// Where.
        place: Place,
    },
    /// Lists, tuples and maps are nested more deeply than the [limit](super::Limits).
    #[error("{place}nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
        /// Where.
        place: Place,
    },
    /// There are more bytes than the [limit](super::Limits).
    #[error("{size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// How many.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The term is followed by more bytes.
    #[error("{place}{count} bytes after the term")]
    Trailing {
        /// How many.
        count: usize,
        /// Where they begin.
        place: Place,
    },
    /// The value has no form as a term: what is not finite, an atom of more than 255 characters, a key that is there
    /// twice.
    #[error("{place}{what}")]
    Unencodable {
        /// What is wrong with it.
        what: &'static str,
        /// Where.
        place: Place,
    },
    /// The writer of [`to_writer`](super::to_writer) failed.
    #[error("cannot write the term: {0}")]
    Io(#[from] std::io::Error),
}

/// Where in a term: the path to a value, and the byte it begins at. Written as `user.emails[3] (byte 17): `.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place(Option<Box<Location>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Location {
    path: String,
    offset: Option<usize>,
}

impl Place {
    pub(super) fn byte(offset: usize) -> Self {
        Place(Some(Box::new(Location { path: String::new(), offset: Some(offset) })))
    }

    /// Fields and indices that lead to the value, as in `user.emails[3]`; empty for the whole term.
    pub fn path(&self) -> &str {
        self.0.as_ref().map_or("", |location| &location.path)
    }

    /// The byte it begins at, counted from 0. `None` while encoding.
    pub fn offset(&self) -> Option<usize> {
        self.0.as_ref()?.offset
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.path(), self.offset()) {
            ("", None) => Ok(()),
            ("", Some(offset)) => write!(f, "byte {offset}: "),
            (path, None) => write!(f, "{path}: "),
            (path, Some(offset)) => write!(f, "{path} (byte {offset}): "),
        }
    }
}

/// A step on the path.
pub(super) enum Step<'a> {
    Field(&'a str),
    Index(usize),
    /// The value under a key that has no short text.
    Value,
}

impl Error {
    pub(super) fn unexpected(expected: impl Into<Box<str>>, got: impl Into<Box<str>>, offset: usize) -> Self {
        Error::Unexpected { expected: expected.into(), got: got.into(), place: Place::byte(offset) }
    }

    pub(super) fn unencodable(what: &'static str) -> Self {
        Error::Unencodable { what, place: Place::default() }
    }

    /// Where it is. `None` if it concerns no place in particular.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Error::Unexpected { place, .. }
            | Error::Message { place, .. }
            | Error::Truncated { place }
            | Error::Malformed { place, .. }
            | Error::UnknownTag { place, .. }
            | Error::Version { place, .. }
            | Error::Compressed { place }
            | Error::TooDeep { place, .. }
            | Error::Trailing { place, .. }
            | Error::Unencodable { place, .. } => Some(place),
            Error::TooLarge { .. } | Error::Io(_) => None,
        }
    }

    fn place_mut(&mut self) -> Option<&mut Location> {
        match self {
            Error::Unexpected { place, .. }
            | Error::Message { place, .. }
            | Error::Truncated { place }
            | Error::Malformed { place, .. }
            | Error::UnknownTag { place, .. }
            | Error::Version { place, .. }
            | Error::Compressed { place }
            | Error::TooDeep { place, .. }
            | Error::Trailing { place, .. }
            | Error::Unencodable { place, .. } => Some(place.0.get_or_insert_default()),
            Error::TooLarge { .. } | Error::Io(_) => None,
        }
    }

    /// Gives the place one more step, in front: what failed is the value of this field.
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
    pub(super) fn step(mut self, step: &Step<'_>) -> Self {
        if let Some(location) = self.place_mut() {
            let step = match step {
                Step::Field(name) => name.to_string(),
                Step::Index(index) => format!("[{index}]"),
                Step::Value => "[_]".to_string(),
            };
            let dot = if location.path.is_empty() || location.path.starts_with('[') { "" } else { "." };
            location.path = step + dot + &location.path;
        }
        self
    }

    /// Says where, unless that is known: what a type says itself comes without.
    #[cold]
    pub(super) fn at(mut self, offset: usize) -> Self {
        if let Some(location) = self.place_mut() {
            location.offset.get_or_insert(offset);
        }
        self
    }
}

fn message(text: impl Display) -> Error {
    Error::Message { message: text.to_string().into(), place: Place::default() }
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
        Error::Unexpected {
            expected: expected.to_string().into(),
            got: got.to_string().into(),
            place: Place::default(),
        }
    }

    fn invalid_value(got: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(got, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let expected = format!("one of {}", expected.join(", ")).into();
        Error::Unexpected { expected, got: variant.into(), place: Place::default() }
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
