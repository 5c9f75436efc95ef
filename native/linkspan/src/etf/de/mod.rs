//! Terms into types of Rust.

mod byte;
mod dynamic;
mod elements;
mod entries;
mod pieces;
mod variant;

use std::borrow::Cow;

use serde::de::{self, Visitor};

use self::byte::Bytes;
use self::elements::Elements;
use self::entries::Entries;
use self::variant::Variant;
use super::error::{Error, Reason};
use super::reader::Reader;
use super::{Limits, names, shape, tag};

/// Reads a term. See [`from_slice`](super::from_slice), which is this and a check that nothing follows.
#[derive(Debug)]
pub struct Deserializer<'de> {
    reader: Reader<'de>,
    depth: usize,
    limits: Limits,
}

impl<'de> Deserializer<'de> {
    /// Begins to read `bytes`.
    pub fn new(bytes: &'de [u8], limits: Limits) -> Result<Self, Error> {
        if bytes.len() > limits.size {
            return Err(Reason::TooLarge { size: bytes.len(), limit: limits.size }.into());
        }
        let mut reader = Reader::new(bytes);
        let version = reader.u8()?;
        if version != tag::VERSION {
            return Err(Error::from(Reason::Version(version)).at(0));
        }
        Ok(Deserializer { reader, depth: 0, limits })
    }

    /// Checks that nothing is left.
    pub fn end(&self) -> Result<(), Error> {
        match self.reader.remaining() {
            0 => Ok(()),
            count => Err(Error::from(Reason::Trailing(count)).at(self.reader.offset())),
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.integer::<$type>(concat!("an integer (", stringify!($type), ")"))?)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for &mut Deserializer<'de> {
    type Error = Error;

    integers! {
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
        deserialize_i128 visit_i128 i128
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
        deserialize_u128 visit_u128 u128
    }

    /// What the term itself says it is.
    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.any(visitor)
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        match &*self.atom("true or false")? {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(self.unexpected("true or false", start)),
        }
    }

    #[inline]
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        let value = self.float()? as f32;
        if !value.is_finite() {
            return Err(Error::unexpected("a float (f32)", "a larger float").at(start));
        }
        visitor.visit_f32(value)
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_f64(self.float()?)
    }

    /// A list of one character.
    #[inline]
    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        let mut points = <Vec<u32> as de::Deserialize>::deserialize(&mut *self)?.into_iter();
        match (points.next().and_then(char::from_u32), points.next()) {
            (Some(char), None) => visitor.visit_char(char),
            _ => Err(self.unexpected("a list of one character", start)),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.str("a string (binary in UTF-8)")?)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_bytes(self.binary("a binary")?)
    }

    #[inline]
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.takes_atom(&["nil", "undefined"]) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    #[inline]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        if self.takes_atom(&["nil"]) { visitor.visit_unit() } else { Err(self.unexpected("nil", start)) }
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    #[inline(always)] // so that the name is compared when this is compiled
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        match name {
            names::TERM => self.term(visitor),
            names::ATOM => match self.atom("an atom")? {
                Cow::Borrowed(name) => visitor.visit_borrowed_str(name),
                Cow::Owned(name) => visitor.visit_string(name),
            },
            names::BIG_INT => self.big_int(visitor),
            names::BIT_BINARY => self.bit_binary(visitor),
            names::OPAQUE => self.opaque(visitor),
            _ => {
                self.tag(name, 1)?;
                self.nested(|de| visitor.visit_newtype_struct(de))
            }
        }
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, count: usize, visitor: V) -> Result<V::Value, Error> {
        self.tuple(count, visitor)
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.tagged(name, count, visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.map(false, visitor)
    }

    #[inline(always)] // so that the name is compared when this is compiled
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match shape::of(name) {
            shape::Shape::Tuple => self.tuple(fields.len(), visitor),
            shape::Shape::Record(tag) => self.tagged(tag, fields.len(), visitor),
            shape::Shape::Map | shape::Shape::Struct => self.map(true, visitor),
        }
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        Variant::visit(self, variants, visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.name("an atom")? {
            Cow::Borrowed(name) => visitor.visit_borrowed_str(name),
            Cow::Owned(name) => visitor.visit_string(name),
        }
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.reader.skip()?;
        visitor.visit_unit()
    }
}
