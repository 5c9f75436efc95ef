//! Bytes that stand for a list of integers.

use serde::de::value::SeqDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::etf::error::Error;

pub(super) struct Bytes<'de>(&'de [u8]);

impl<'de> Bytes<'de> {
    pub fn new(bytes: &'de [u8]) -> Self {
        Bytes(bytes)
    }

    pub fn visit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut bytes = SeqDeserializer::new(self.0.iter().map(|byte| Byte(*byte)));
        let value = visitor.visit_seq(&mut bytes)?;
        bytes.end()?;
        Ok(value)
    }
}

/// One element: an integer and nothing else.
struct Byte(u8);

impl IntoDeserializer<'_, Error> for Byte {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Byte {
    fn unexpected(&self, expected: &str) -> Error {
        Error::unexpected(expected, format_args!("the integer {}", self.0))
    }
}

impl<'de> Deserializer<'de> for Byte {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u8(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    /// Serde's own visitor for floats would take it.
    fn deserialize_f64<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(self.unexpected("a float"))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier
    }
}
