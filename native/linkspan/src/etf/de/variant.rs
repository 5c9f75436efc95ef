//! Enums: an atom, or a tuple that begins with one.

use std::borrow::Cow;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, EnumAccess, VariantAccess, Visitor};

use super::{Deserializer, Elements};
use crate::etf::error::{Error, Step};
use crate::etf::tag;

pub(super) struct Variant<'a, 'de> {
    de: &'a mut Deserializer<'de>,
    start: usize,
    name: Cow<'de, str>,
    /// How many elements follow the name in a tuple. `None`: it is an atom.
    content: Option<usize>,
}

impl<'a, 'de> Variant<'a, 'de> {
    pub fn visit<V: Visitor<'de>>(
        de: &'a mut Deserializer<'de>,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        const EXPECTED: &str = "an atom, or a tuple that begins with one";
        let start = de.reader.offset();
        let tuple = matches!(de.reader.peek()?, tag::SMALL_TUPLE | tag::LARGE_TUPLE);
        let content = match if tuple { de.arity(EXPECTED)? } else { 1 } {
            0 => return Err(de.unexpected(EXPECTED, start)),
            arity => tuple.then_some(arity - 1),
        };
        let mut name = de.name(EXPECTED).map_err(|error| if tuple { de.unexpected(EXPECTED, start) } else { error })?;
        // The enum is `Result`.
        if variants == ["Ok", "Err"] {
            name = match &*name {
                "ok" => "Ok".into(),
                "error" => "Err".into(),
                _ => name,
            };
        }
        de.nested(|de| visitor.visit_enum(Variant { de, start, name, content })).map_err(|error| error.at(start))
    }

    /// Checks how many elements follow the name.
    fn content(&mut self, count: Option<usize>) -> Result<(), Error> {
        if self.content == count {
            return Ok(());
        }
        let name = match &*self.name {
            "Ok" => "ok",
            "Err" => "error",
            name => name,
        };
        let expected = match count {
            None => format!("the atom {name}"),
            Some(count) => format!("a tuple of {} that begins with {name}", count + 1),
        };
        Err(self.de.unexpected(&expected, self.start))
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let variant = match &self.name {
            Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::<Error>::new(name)),
            Cow::Owned(name) => seed.deserialize(StringDeserializer::new(name.clone())),
        };
        Ok((variant?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(mut self) -> Result<(), Error> {
        self.content(None)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(mut self, seed: T) -> Result<T::Value, Error> {
        self.content(Some(1))?;
        let start = self.de.reader.offset();
        seed.deserialize(self.de).map_err(|error| error.at(start).step(&Step::Index(1)))
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, count: usize, visitor: V) -> Result<V::Value, Error> {
        self.content(Some(count))?;
        Elements::tuple(self.de, count).visit(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.content(Some(1))?;
        self.de.map(true, visitor)
    }
}
