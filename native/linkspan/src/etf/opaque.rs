//! Terms that only the VM can make sense of.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::binary::{Binary, BytesVisitor};
use super::names;
use super::reader::Reader;
use super::tag;

/// A pid, reference, port or fun: kept as it came, and written back byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opaque<'a>(Cow<'a, [u8]>);

/// What an [`Opaque`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A process.
    Pid,
    /// A reference.
    Reference,
    /// A port.
    Port,
    /// A local fun or one that names a function (`fun m:f/1`).
    Fun,
}

impl<'a> Opaque<'a> {
    /// From the bytes of a whole term, without the version byte. `None`: it is none of these.
    pub(super) fn new(bytes: Cow<'a, [u8]>) -> Option<Self> {
        kind(*bytes.first()?)?;
        let mut reader = Reader::new(&bytes);
        let whole = reader.skip().is_ok() && reader.remaining() == 0;
        whole.then_some(Opaque(bytes))
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.0.first().and_then(|tag| kind(*tag)).unwrap_or(Kind::Fun)
    }

    /// Its bytes in the external term format, without the version byte.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same, owning its bytes.
    pub fn into_owned(self) -> Opaque<'static> {
        Opaque(Cow::Owned(self.0.into_owned()))
    }
}

pub(super) fn kind(tag: u8) -> Option<Kind> {
    Some(match tag {
        tag::NEW_PID | tag::PID => Kind::Pid,
        tag::NEWER_REFERENCE | tag::NEW_REFERENCE | tag::REFERENCE => Kind::Reference,
        tag::V4_PORT | tag::NEW_PORT | tag::PORT => Kind::Port,
        tag::NEW_FUN | tag::EXPORT => Kind::Fun,
        _ => return None,
    })
}

impl Serialize for Opaque<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(names::RAW, &Binary::from(&*self.0))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Opaque<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(names::OPAQUE, OpaqueVisitor)
    }
}

pub(super) struct OpaqueVisitor;

impl<'de> Visitor<'de> for OpaqueVisitor {
    type Value = Opaque<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pid, reference, port or fun")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, raw: D) -> Result<Self::Value, D::Error> {
        let raw = raw.deserialize_bytes(BytesVisitor)?;
        Opaque::new(raw).ok_or_else(|| de::Error::custom("not a pid, reference, port or fun"))
    }
}
