//! Terms whose type is not known: into [`Term`](crate::etf::Term), and into what serde knows of them.

use std::borrow::Cow;

use serde::de::value::{BorrowedBytesDeserializer, SeqAccessDeserializer, U8Deserializer};
use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, SeqAccess, VariantAccess, Visitor};

use super::{Bytes, Deserializer, Elements};
use crate::etf::error::Error;
use crate::etf::integer::Int;
use crate::etf::names::kind;
use crate::etf::{opaque, tag};

impl<'de> Deserializer<'de> {
    /// What serde has no visit for comes as an error, or as the nearest that it has.
    pub(super) fn any<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        let tag = self.reader.u8()?;
        if let Some(atom) = self.reader.atom(tag)? {
            return match &*atom {
                "nil" | "undefined" => visitor.visit_unit(),
                "true" => visitor.visit_bool(true),
                "false" => visitor.visit_bool(false),
                _ => visit_str(atom, visitor),
            };
        }
        if let Some(integer) = self.reader.integer(tag)? {
            return self.visit_integer(integer, visitor);
        }
        if let Some(float) = self.reader.float(tag)? {
            return visitor.visit_f64(float);
        }
        self.reader.rewind(start);
        match tag {
            tag::BINARY => {
                let bytes = self.binary("")?;
                match str::from_utf8(bytes) {
                    Ok(text) => visitor.visit_borrowed_str(text),
                    Err(_) => visitor.visit_borrowed_bytes(bytes),
                }
            }
            tag::NIL | tag::STRING | tag::LIST => self.list(visitor),
            tag::SMALL_TUPLE | tag::LARGE_TUPLE => {
                let arity = self.arity("")?;
                self.tuple_of(arity, visitor)
            }
            // Whether its keys are the fields of a struct is not known; a `__struct__` among them is told.
            tag::MAP => self.map(false, visitor),
            _ => Err(self.unexpected("a term that can be told without its type", start)),
        }
    }

    fn tuple_of<V: Visitor<'de>>(&mut self, arity: usize, visitor: V) -> Result<V::Value, Error> {
        self.nested(|de| Elements::tuple(de, arity).visit(visitor))
    }

    fn visit_integer<V: Visitor<'de>>(&mut self, integer: Int<'de>, visitor: V) -> Result<V::Value, Error> {
        match integer {
            Int::Small(value) => match u64::try_from(value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(value),
            },
            big => match (big.to(), big.to(), big.to()) {
                (Some(value), _, _) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i128(value),
                (_, _, Some(value)) => visitor.visit_u128(value),
                _ => Err(self.reader.malformed("an integer is larger than its type can be told")),
            },
        }
    }

    /// Any term, for the visitor of `Term`. What comes most often stands here, where it becomes part of a loop.
    #[inline]
    pub(super) fn term<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        match self.reader.peek()? {
            tag::SMALL_INTEGER => {
                let [_, value] = self.reader.array()?;
                visitor.visit_i64(value.into())
            }
            tag::INTEGER => {
                let [_, a, b, c, d] = self.reader.array()?;
                visitor.visit_i64(i32::from_be_bytes([a, b, c, d]).into())
            }
            _ => self.dynamic(visitor),
        }
    }

    fn dynamic<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        let tag = self.reader.u8()?;
        match tag {
            tag::SMALL_ATOM_UTF8 => visitor.visit_borrowed_str(self.reader.short_atom()?),
            tag::SMALL_TUPLE | tag::LARGE_TUPLE => {
                self.reader.rewind(start);
                let arity = self.arity("")?;
                self.nested(|de| visitor.visit_enum(Dynamic(kind::TUPLE, Content::Tuple(de, arity))))
            }
            tag::LIST => {
                let count = self.reader.count()?;
                self.nested(|de| visitor.visit_enum(Dynamic(kind::LIST, Content::Tuple(de, count + 1))))
            }
            tag::STRING => {
                let length = self.reader.u16()?.into();
                visitor.visit_enum(Dynamic(kind::BYTE_LIST, Content::Bytes(self.reader.bytes(length)?)))
            }
            tag::NIL => Bytes::new(&[]).visit(visitor),
            tag::BINARY => {
                let length = self.reader.u32()? as usize;
                visitor.visit_borrowed_bytes(self.reader.bytes(length)?)
            }
            tag::MAP => {
                self.reader.rewind(start);
                self.map(false, visitor)
            }
            tag::BIT_BINARY => {
                let (bits, bytes) = self.bits()?;
                if bits == 8 || bytes.is_empty() {
                    return visitor.visit_borrowed_bytes(bytes);
                }
                visitor.visit_enum(Dynamic(kind::BIT_BINARY, Content::Parts(bits, bytes)))
            }
            _ if opaque::kind(tag).is_some() => {
                self.reader.rewind(start);
                self.reader.skip()?;
                let raw = self.reader.since(start);
                visitor.visit_enum(Dynamic(kind::OPAQUE, Content::Bytes(raw)))
            }
            _ => self.scalar(tag, visitor),
        }
    }

    fn scalar<V: Visitor<'de>>(&mut self, tag: u8, visitor: V) -> Result<V::Value, Error> {
        if let Some(atom) = self.reader.atom(tag)? {
            return visit_str(atom, visitor);
        }
        if let Some(float) = self.reader.float(tag)? {
            return visitor.visit_f64(float);
        }
        match self.reader.integer(tag)? {
            Some(Int::Small(value)) => visitor.visit_i64(value),
            Some(Int::Big { negative, magnitude }) => {
                visitor.visit_enum(Dynamic(kind::BIG_INT, Content::Parts(negative.into(), magnitude)))
            }
            None => Err(self.reader.unknown_tag(tag)),
        }
    }

    pub(super) fn big_int<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        let tag = self.reader.u8()?;
        match self.reader.integer(tag)? {
            Some(Int::Small(value)) => visitor.visit_i64(value),
            Some(Int::Big { negative, magnitude }) => visitor.visit_seq(Parts::new(negative.into(), magnitude)),
            None => Err(self.unexpected("an integer", start)),
        }
    }

    pub(super) fn bit_binary<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        match self.reader.u8()? {
            tag::BIT_BINARY => {
                let (bits, bytes) = self.bits()?;
                visitor.visit_seq(Parts::new(bits, bytes))
            }
            tag::BINARY => {
                self.reader.rewind(start);
                let bytes = self.binary("")?;
                visitor.visit_seq(Parts::new(8, bytes))
            }
            _ => Err(self.unexpected("a bit string", start)),
        }
    }

    /// What follows the tag of a bit string: how many bits its last byte has, and its bytes.
    fn bits(&mut self) -> Result<(u8, &'de [u8]), Error> {
        let length = self.reader.u32()? as usize;
        let bits = self.reader.u8()?;
        if bits > 8 || (bits == 0) != (length == 0) {
            return Err(self.reader.malformed("the last byte of a bit string cannot have so many bits"));
        }
        Ok((bits, self.reader.bytes(length)?))
    }
}

fn visit_str<'de, V: Visitor<'de>>(text: Cow<'de, str>, visitor: V) -> Result<V::Value, Error> {
    match text {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_string(text),
    }
}

/// A term that serde has no visit for, as a variant by its kind.
struct Dynamic<'a, 'de>(u8, Content<'a, 'de>);

enum Content<'a, 'de> {
    /// The elements of a tuple, or of a list and its tail.
    Tuple(&'a mut Deserializer<'de>, usize),
    Bytes(&'de [u8]),
    Parts(u8, &'de [u8]),
}

impl<'a, 'de> EnumAccess<'de> for Dynamic<'a, 'de> {
    type Error = Error;
    type Variant = Content<'a, 'de>;

    #[inline]
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), Error> {
        let kind: U8Deserializer<Error> = self.0.into_deserializer();
        Ok((seed.deserialize(kind)?, self.1))
    }
}

impl<'de> VariantAccess<'de> for Content<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    #[inline]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        match self {
            Content::Tuple(de, _) => seed.deserialize(de),
            Content::Bytes(bytes) => seed.deserialize(BorrowedBytesDeserializer::new(bytes)),
            Content::Parts(number, bytes) => seed.deserialize(SeqAccessDeserializer::new(Parts::new(number, bytes))),
        }
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, _count: usize, visitor: V) -> Result<V::Value, Error> {
        match self {
            Content::Tuple(de, count) => Elements::tuple(de, count).visit(visitor),
            Content::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Content::Parts(number, bytes) => visitor.visit_seq(Parts::new(number, bytes)),
        }
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.tuple_variant(0, visitor)
    }
}

/// A number, then bytes.
struct Parts<'de> {
    number: Option<u8>,
    bytes: Option<&'de [u8]>,
}

impl<'de> Parts<'de> {
    fn new(number: u8, bytes: &'de [u8]) -> Self {
        Parts { number: Some(number), bytes: Some(bytes) }
    }
}

impl<'de> SeqAccess<'de> for Parts<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if let Some(number) = self.number.take() {
            let number: U8Deserializer<Error> = number.into_deserializer();
            return seed.deserialize(number).map(Some);
        }
        let bytes = self.bytes.take().map(BorrowedBytesDeserializer::new);
        bytes.map(|bytes| seed.deserialize(bytes)).transpose()
    }
}
