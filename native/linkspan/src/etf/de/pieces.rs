//! The pieces that reading any type is made of: one kind of term each.

use std::borrow::Cow;

use serde::de::Visitor;
use serde::de::value::BorrowedBytesDeserializer;

use super::{Bytes, Deserializer, Elements, Entries};
use crate::etf::error::{Error, Reason};
use crate::etf::integer::Int;
use crate::etf::{opaque, tag};

impl<'de> Deserializer<'de> {
    /// The error for a term that begins at `start` and is not what was expected. Says what it is, if that is short.
    #[cold]
    pub(super) fn unexpected(&mut self, expected: &str, start: usize) -> Error {
        self.reader.rewind(start);
        match self.described() {
            Ok(got) => Error::unexpected(expected, got).at(start),
            Err(error) => error,
        }
    }

    pub(super) fn described(&mut self) -> Result<String, Error> {
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
    pub(super) fn too_deep(&self) -> Error {
        Error::from(Reason::TooDeep(self.limits.depth)).at(self.reader.offset())
    }

    /// Goes one level down for as long as `visit` runs.
    #[inline]
    pub(super) fn nested<T>(&mut self, visit: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == self.limits.depth {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let value = visit(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// What is small is read where it is called for; that is most of them.
    #[inline(always)]
    pub(super) fn integer<T: TryFrom<i64> + TryFrom<i128> + TryFrom<u128>>(
        &mut self,
        expected: &str,
    ) -> Result<T, Error> {
        let start = self.reader.offset();
        let value = match self.reader.u8()? {
            tag::SMALL_INTEGER => i64::from(self.reader.u8()?),
            tag::INTEGER => i64::from(self.reader.array().map(i32::from_be_bytes)?),
            tag => return self.other_integer(tag, expected, start),
        };
        T::try_from(value).map_err(|_| self.unexpected(expected, start))
    }

    #[inline(never)]
    pub(super) fn other_integer<T: TryFrom<i64> + TryFrom<i128> + TryFrom<u128>>(
        &mut self,
        tag: u8,
        expected: &str,
        start: usize,
    ) -> Result<T, Error> {
        let integer = self.reader.integer(tag)?;
        integer.and_then(Int::to).ok_or_else(|| self.unexpected(expected, start))
    }

    #[inline]
    pub(super) fn float(&mut self) -> Result<f64, Error> {
        let start = self.reader.offset();
        let tag = self.reader.u8()?;
        let float = self.reader.float(tag)?;
        float.ok_or_else(|| self.unexpected("a float", start))
    }

    #[inline]
    pub(super) fn atom(&mut self, expected: &str) -> Result<Cow<'de, str>, Error> {
        let start = self.reader.offset();
        let tag = self.reader.u8()?;
        let atom = self.reader.atom(tag)?;
        atom.ok_or_else(|| self.unexpected(expected, start))
    }

    #[inline]
    pub(super) fn binary(&mut self, expected: &str) -> Result<&'de [u8], Error> {
        let start = self.reader.offset();
        if self.reader.u8()? != tag::BINARY {
            return Err(self.unexpected(expected, start));
        }
        let length = self.reader.u32()? as usize;
        self.reader.bytes(length)
    }

    #[inline]
    pub(super) fn str(&mut self, expected: &str) -> Result<&'de str, Error> {
        let start = self.reader.offset();
        let bytes = self.binary(expected)?;
        str::from_utf8(bytes).map_err(|_| Error::unexpected(expected, "a binary that is not UTF-8").at(start))
    }

    /// The name of a field or variant: an atom or a binary.
    #[inline]
    pub(super) fn name(&mut self, expected: &str) -> Result<Cow<'de, str>, Error> {
        if self.reader.peek()? == tag::BINARY { self.str(expected).map(Cow::Borrowed) } else { self.atom(expected) }
    }

    /// Reads one of these atoms, if it comes next.
    pub(super) fn takes_atom(&mut self, names: &[&str]) -> bool {
        let start = self.reader.offset();
        let atom = self.reader.u8().and_then(|tag| self.reader.atom(tag));
        let taken = matches!(atom, Ok(Some(name)) if names.contains(&&*name));
        if !taken {
            self.reader.rewind(start);
        }
        taken
    }

    /// Reads the head of a tuple of so many elements; they are read one by one then.
    pub(crate) fn begin_tuple(&mut self, count: usize) -> Result<(), Error> {
        let start = self.reader.offset();
        if self.arity("a tuple")? != count {
            return Err(self.unexpected(&format!("a tuple of {count}"), start));
        }
        Ok(())
    }

    /// Reads the head of a tuple and how many elements it has.
    #[inline]
    pub(super) fn arity(&mut self, expected: &str) -> Result<usize, Error> {
        let start = self.reader.offset();
        let arity = match self.reader.u8()? {
            tag::SMALL_TUPLE => self.reader.u8()?.into(),
            tag::LARGE_TUPLE => self.reader.u32()? as usize,
            _ => return Err(self.unexpected(expected, start)),
        };
        self.reader.holds(arity)
    }

    #[inline]
    pub(super) fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
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
    pub(super) fn tuple<V: Visitor<'de>>(&mut self, count: usize, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        let expected = || format!("a tuple of {count}");
        if self.arity("a tuple")? != count {
            return Err(self.unexpected(&expected(), start));
        }
        self.nested(|de| Elements::tuple(de, count).visit(visitor))
    }

    /// A tuple that begins with a name: `{Name, ...}`.
    #[inline]
    pub(super) fn tagged<V: Visitor<'de>>(&mut self, name: &str, count: usize, visitor: V) -> Result<V::Value, Error> {
        self.tag(name, count)?;
        self.nested(|de| Elements::tuple(de, count).visit(visitor))
    }

    /// Reads the head of a tuple that begins with `name` and has `count` elements more.
    #[inline]
    pub(super) fn tag(&mut self, name: &str, count: usize) -> Result<(), Error> {
        let start = self.reader.offset();
        let expected = || format!("a tuple of {} that begins with {name}", count + 1);
        if self.arity("a tuple")? != count + 1 || !self.takes_atom(&[name]) {
            return Err(self.unexpected(&expected(), start));
        }
        Ok(())
    }

    #[inline]
    pub(super) fn map<V: Visitor<'de>>(&mut self, fields: bool, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        if self.reader.u8()? != tag::MAP {
            return Err(self.unexpected("a map", start));
        }
        let count = self.reader.count()?;
        self.nested(|de| Entries::new(de, count, fields).visit(visitor))
    }

    pub(super) fn opaque<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let start = self.reader.offset();
        if opaque::kind(self.reader.peek()?).is_none() {
            return Err(self.unexpected("a pid, reference, port or fun", start));
        }
        self.reader.skip()?;
        visitor.visit_newtype_struct(BorrowedBytesDeserializer::new(self.reader.since(start)))
    }
}
