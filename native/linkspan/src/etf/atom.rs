//! Atoms: names, and nothing but names. Reading one makes no atom anywhere.

use std::borrow::{Borrow, Cow};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::names;

/// An atom. It borrows its name from the bytes it was read from, where these are UTF-8.
///
/// ```
/// use linkspan::etf::{self, Atom};
/// assert_eq!(etf::to_vec(&Atom::new("ok"))?, b"\x83w\x02ok");
/// assert_eq!(etf::from_slice::<Atom>(b"\x83w\x02ok")?.name(), "ok");
/// assert!(etf::from_slice::<Atom>(b"\x83m\0\0\0\x02ok").is_err());
/// # Ok::<(), etf::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Atom<'a>(Cow<'a, str>);

impl<'a> Atom<'a> {
    /// An atom of this name. One of more than 255 characters cannot be written.
    #[inline]
    pub fn new(name: impl Into<Cow<'a, str>>) -> Self {
        Atom(name.into())
    }

    /// Its name.
    #[inline]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The same, owning its name.
    pub fn into_owned(self) -> Atom<'static> {
        Atom(Cow::Owned(self.0.into_owned()))
    }
}

impl Borrow<str> for Atom<'_> {
    fn borrow(&self) -> &str {
        self.name()
    }
}

impl PartialEq<str> for Atom<'_> {
    fn eq(&self, name: &str) -> bool {
        self.0 == name
    }
}

impl PartialEq<&str> for Atom<'_> {
    fn eq(&self, name: &&str) -> bool {
        self.0 == *name
    }
}

impl Serialize for Atom<'_> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(names::ATOM, self.name())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Atom<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(names::ATOM, NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Atom<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an atom")
    }

    #[inline]
    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Atom::new(name))
    }

    #[inline]
    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Atom::new(name.to_string()))
    }

    #[inline]
    fn visit_string<E>(self, name: String) -> Result<Self::Value, E> {
        Ok(Atom::new(name))
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        inner.deserialize_str(self)
    }
}
