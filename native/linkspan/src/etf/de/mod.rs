//! Terms into types of Rust.

mod byte;
mod dynamic;
mod elements;
mod entries;
mod variant;

use std::borrow::Cow;

use serde::de::value::BorrowedBytesDeserializer;
use serde::de::{self, Visitor};

use self::byte::Bytes;
use self::elements::Elements;
use self::entries::Entries;
use self::variant::Variant;
use super::error::{Error, Reason};
use super::integer::Int;
use super::reader::Reader;
use super::{Limits, names, opaque, shape, tag};

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

    /// The error for a term that begins at `start` and is not what was expected. Says what it is, if that is short.
    #[cold]
    fn unexpected(&mut self, expected: &str, start: usize) -> Error {
        self.reader.rewind(start);
        match self.described() {
            Ok(got) => Error::unexpected(expected, got).at(start),
            Err(error) => error,
        }
    }

    fn described(&mut self) -> Result<String, Error> {
        let tag = self.reader.u8()?;
        let name = tag::name(tag).ok_or_else(|| self.reader.unknown_tag(tag))?;
        if let Some(atom) = self.reader.atom(tag)? {
            return Ok(format!("the atom {atom}"));
        }
        if let Some(integer) = self.reader.integer(tag)? {
            return Ok(integer
                .to::<i128>()
                .map_or("a larger integer".to_string(), |value| format!("the integer {value}")));
        }
        Ok(match tag {
            tag::SMALL_TUPLE => format!("a tuple of {}", self.reader.u8()?),
            tag::LARGE_TUPLE => format!("a tuple of {}", self.reader.u32()?),
            _ => name.to_string(),
        })
    }

    #[cold]
    fn too_deep(&self) -> Error {
        Error::from(Reason::TooDeep(self.limits.depth)).at(self.reader.offset())
    }

    /// Goes one level down for as long as `visit` runs.
    #[inline]
    fn nested<T>(&mut self, visit: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == self.limits.depth {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let value = visit(self)?;
        self.depth -= 1;
        Ok(value)
    }

    #[inline]
    fn integer<T: TryFrom<i64> + TryFrom<i128> + TryFrom<u128>>(&mut self, expected: &str) -> Result<T, Error> {
        let start = self.reader.offset();
        let integer = match self.reader.u8()? {
            tag::SMALL_INTEGER => Some(Int::Small(self.reader.u8()?.into())),
            tag::INTEGER => Some(Int::Small(self.reader.array().map(i32::from_be_bytes)?.into())),
            tag => self.reader.integer(tag)?,
        };
        integer.and_then(Int::to).ok_or_else(|| self.unexpected(expected, start))
    }

    #[inline]
    fn float(&mut self) -> Result<f64, Error> {
        let start = self.reader.offset();
        let tag = self.reader.u8()?;
        let float = self.reader.float(tag)?;
        float.ok_or_else(|| self.unexpected("a float", start))
    }

    #[inline]
    fn atom(&mut self, expected: &str) -> Result<Cow<'de, str>, Error> {
        let start = self.reader.offset();
        let tag = self.reader.u8()?;
        let atom = self.reader.atom(tag)?;
        atom.ok_or_else(|| self.unexpected(expected, start))
    }

    #[inline]
    fn binary(&mut self, expected: &str) -> Result<&'de [u8], Error> {
        let start = self.reader.offset();
        if self.reader.u8()? != tag::BINARY {
            return Err(self.unexpected(expected, start));
        }
        let length = self.reader.u32()? as usize;
        self.reader.bytes(length)
    }

    #[inline]
    fn str(&mut self, expected: &str) -> Result<&'de str, Error> {
        let start = self.reader.offset();
        let bytes = self.binary(expected)?;
        str::from_utf8(bytes).map_err(|_| Error::unexpected(expected, "a binary that is not UTF-8").at(start))
    }

    /// The name of a field or variant: an atom or a binary.
    #[inline]
    fn name(&mut self, expected: &str) -> Result<Cow<'de, str>, Error> {
        if self.reader.peek()? == tag::BINARY { self.str(expected).map(Cow::Borrowed) } else { self.atom(expected) }
    }

    /// Reads one of these atoms, if it comes next.
    fn takes_atom(&mut self, names: &[&str]) -> bool {
        let start = self.reader.offset();
        let atom = self.reader.u8().and_then(|tag| self.reader.atom(tag));
        let taken = matches!(atom, Ok(Some(name)) if names.contains(&&*name));
        if !taken {
            self.reader.rewind(start);
        }
        taken
    }

    /// Reads the head of a tuple and how many elements it has.
    #[inline]
    fn arity(&mut self, expected: &str) -> Result<usize, Error> {
        let start = self.reader.offset();
        let arity = match self.reader.u8()? {
            tag::SMALL_TUPLE => self.reader.u8()?.into(),
            tag::LARGE_TUPLE => self.reader.u32()? as usize,
            _ => return Err(self.unexpected(expected, start)),
        };
        self.reader.holds(arity)
    }

    #[inline]
    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        const EXPECTED: &str = "a list";
        let start = self.reader.offset();
        match self.reader.u8()? {
            tag::NIL => self.nested(|de| Elements::tuple(de, 0).visit(visitor)),
            tag::LIST => {
                let count = self.reader.count()?;
                self.nested(|de| Elements::list(de, count).visit(visitor))
            }
            tag::STRING => {
                let length = self.reader.u16()?.into();
                Bytes::new(self.reader.bytes(length)?).visit(visitor)
            }
            // What a `Vec<u8>` is meant to take, more often than not.
            tag::BINARY => {
                self.reader.rewind(start);
                Bytes::new(self.binary(EXPECTED)?).visit(visitor)
            }
            _ => Err(self.unexpected(EXPECTED, start)),
        }
    }

    #[inline]
    fn tuple<V: Visitor<'de>>(&mut self, count: usize, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        let expected = || format!("a tuple of {count}");
        if self.arity("a tuple")? != count {
            return Err(self.unexpected(&expected(), start));
        }
        self.nested(|de| Elements::tuple(de, count).visit(visitor))
    }

    /// Reads the head of a tuple of so many elements; they are read one by one then.
    pub(crate) fn begin_tuple(&mut self, count: usize) -> Result<(), Error> {
        let start = self.reader.offset();
        if self.arity("a tuple")? != count {
            return Err(self.unexpected("that many", start));
        }
        Ok(())
    }

    /// A tuple that begins with a name: `{Name, ...}`.
    #[inline]
    fn tagged<V: Visitor<'de>>(&mut self, name: &str, count: usize, visitor: V) -> Result<V::Value, Error> {
        self.tag(name, count)?;
        self.nested(|de| Elements::tuple(de, count).visit(visitor))
    }

    /// Reads the head of a tuple that begins with `name` and has `count` elements more.
    #[inline]
    fn tag(&mut self, name: &str, count: usize) -> Result<(), Error> {
        let start = self.reader.offset();
        let expected = || format!("a tuple of {} that begins with {name}", count + 1);
        if self.arity("a tuple")? != count + 1 || !self.takes_atom(&[name]) {
            return Err(self.unexpected(&expected(), start));
        }
        Ok(())
    }

    #[inline]
    fn map<V: Visitor<'de>>(&mut self, fields: bool, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        if self.reader.u8()? != tag::MAP {
            return Err(self.unexpected("a map", start));
        }
        let count = self.reader.count()?;
        self.nested(|de| Entries::new(de, count, fields).visit(visitor))
    }

    fn opaque<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        if opaque::kind(self.reader.peek()?).is_none() {
            return Err(self.unexpected("a pid, reference, port or fun", start));
        }
        self.reader.skip()?;
        visitor.visit_newtype_struct(BorrowedBytesDeserializer::new(self.reader.since(start)))
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
