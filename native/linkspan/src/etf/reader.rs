//! A position in the bytes of a term, and what can be read there. Nothing is allocated for a length that was read.

use std::borrow::Cow;

use super::error::{Error, Place};
use super::integer::Int;
use super::tag;

#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'de> {
    input: &'de [u8],
    at: usize,
}

impl<'de> Reader<'de> {
    pub fn new(input: &'de [u8]) -> Self {
        Reader { input, at: 0 }
    }

    pub fn offset(&self) -> usize {
        self.at
    }

    pub fn remaining(&self) -> usize {
        self.input.len() - self.at
    }

    pub fn rest(&self) -> &'de [u8] {
        &self.input[self.at..]
    }

    /// What has been read since `start`.
    pub fn since(&self, start: usize) -> &'de [u8] {
        &self.input[start..self.at]
    }

    #[cold]
    pub fn truncated(&self) -> Error {
        Error::Truncated { place: Place::byte(self.at) }
    }

    #[cold]
    pub fn malformed(&self, what: &'static str) -> Error {
        Error::Malformed { what, place: Place::byte(self.at) }
    }

    pub fn peek(&self) -> Result<u8, Error> {
        self.input.get(self.at).copied().ok_or_else(|| self.truncated())
    }

    pub fn u8(&mut self) -> Result<u8, Error> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    pub fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let bytes = self.rest().first_chunk().ok_or_else(|| self.truncated())?;
        self.at += N;
        Ok(*bytes)
    }

    pub fn bytes(&mut self, count: usize) -> Result<&'de [u8], Error> {
        let bytes = self.rest().get(..count).ok_or_else(|| self.truncated())?;
        self.at += count;
        Ok(bytes)
    }

    /// A number of terms. Each has a byte at least, so that a number no input could hold fails here and now.
    pub fn count(&mut self) -> Result<usize, Error> {
        let count = self.u32()? as usize;
        self.holds(count)
    }

    pub fn holds(&self, count: usize) -> Result<usize, Error> {
        if count > self.remaining() { Err(self.truncated()) } else { Ok(count) }
    }

    /// The name of an atom, after its tag. `None`: the tag is not that of an atom.
    pub fn atom(&mut self, tag: u8) -> Result<Option<Cow<'de, str>>, Error> {
        let name = match tag {
            tag::SMALL_ATOM_UTF8 | tag::SMALL_ATOM => {
                let length = self.u8()?;
                self.bytes(length.into())?
            }
            tag::ATOM_UTF8 | tag::ATOM => {
                let length = self.u16()?;
                self.bytes(length.into())?
            }
            _ => return Ok(None),
        };
        // The bound of the VM. A name of so many bytes can be within it in UTF-8.
        if name.len() > 255 && (tag == tag::ATOM || name.iter().filter(|byte| (**byte as i8) >= -0x40).count() > 255) {
            return Err(self.malformed("the name of an atom has more than 255 characters"));
        }
        match str::from_utf8(name) {
            Ok(text) if text.is_ascii() || matches!(tag, tag::SMALL_ATOM_UTF8 | tag::ATOM_UTF8) => {
                Ok(Some(Cow::Borrowed(text)))
            }
            _ if matches!(tag, tag::SMALL_ATOM | tag::ATOM) => {
                Ok(Some(Cow::Owned(name.iter().copied().map(char::from).collect())))
            }
            _ => Err(self.malformed("the name of an atom is not UTF-8")),
        }
    }

    /// An integer, after its tag. `None`: the tag is not that of an integer.
    pub fn integer(&mut self, tag: u8) -> Result<Option<Int<'de>>, Error> {
        Ok(Some(match tag {
            tag::SMALL_INTEGER => Int::Small(self.u8()?.into()),
            tag::INTEGER => Int::Small(self.array().map(i32::from_be_bytes)?.into()),
            tag::SMALL_BIG => {
                let length = self.u8()?;
                self.big(length.into())?
            }
            tag::LARGE_BIG => {
                let length = self.u32()?;
                self.big(length as usize)?
            }
            _ => return Ok(None),
        }))
    }

    fn big(&mut self, length: usize) -> Result<Int<'de>, Error> {
        let sign = self.u8()?;
        if sign > 1 {
            return Err(self.malformed("the sign of an integer is neither 0 nor 1"));
        }
        Ok(Int::new(sign == 1, self.bytes(length)?))
    }

    /// A float, after its tag. `None`: the tag is not that of a float.
    pub fn float(&mut self, tag: u8) -> Result<Option<f64>, Error> {
        let value = match tag {
            tag::NEW_FLOAT => f64::from_be_bytes(self.array()?),
            tag::FLOAT => self.float_text()?,
            _ => return Ok(None),
        };
        if !value.is_finite() {
            return Err(self.malformed("a float is not finite"));
        }
        Ok(Some(value))
    }

    /// 31 characters as of `%.20e`, filled up with zero bytes.
    fn float_text(&mut self) -> Result<f64, Error> {
        let field = self.bytes(31)?;
        let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
        let value = str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok());
        value.ok_or_else(|| self.malformed("a float is not a number"))
    }

    /// Reads over one term, however deep, without recursion.
    pub fn skip(&mut self) -> Result<(), Error> {
        let mut terms = 1_usize;
        while terms > 0 {
            // Each of them takes a byte at least.
            self.holds(terms)?;
            terms = terms - 1 + self.skip_one()?;
        }
        Ok(())
    }

    /// Reads over a term up to the terms in it; how many these are.
    fn skip_one(&mut self) -> Result<usize, Error> {
        let tag = self.u8()?;
        let (bytes, terms) = match tag {
            tag::SMALL_INTEGER => (1, 0),
            tag::INTEGER => (4, 0),
            tag::NIL => (0, 0),
            tag::STRING => (self.u16()?.into(), 0),
            tag::BINARY => (self.u32()? as usize, 0),
            tag::SMALL_TUPLE => (0, self.u8()?.into()),
            tag::LARGE_TUPLE => (0, self.count()?),
            tag::LIST => (0, self.count()? + 1),
            tag::MAP => (0, self.count()? * 2),
            tag::BIT_BINARY => (self.u32()? as usize + 1, 0),
            tag::NEW_PID => (self.node(12)?, 0),
            tag::PID => (self.node(9)?, 0),
            tag::NEW_PORT => (self.node(8)?, 0),
            tag::PORT | tag::REFERENCE => (self.node(5)?, 0),
            tag::V4_PORT => (self.node(12)?, 0),
            tag::NEWER_REFERENCE | tag::NEW_REFERENCE => {
                let words = usize::from(self.u16()?);
                (self.node(words * 4 + if tag == tag::NEW_REFERENCE { 1 } else { 4 })?, 0)
            }
            tag::EXPORT => (0, 3),
            tag::NEW_FUN => {
                // Size, arity, unique, index; then free variables, and four terms in front of them.
                self.bytes(25)?;
                (0, self.count()? + 4)
            }
            _ if self.atom(tag)?.is_some() || self.integer(tag)?.is_some() || self.float(tag)?.is_some() => (0, 0),
            _ => return Err(self.unknown_tag(tag)),
        };
        self.bytes(bytes)?;
        Ok(terms)
    }

    /// Reads over the name of a node; `bytes` is what follows it.
    fn node(&mut self, bytes: usize) -> Result<usize, Error> {
        let tag = self.u8()?;
        self.atom(tag)?.ok_or_else(|| self.malformed("the name of a node is not an atom"))?;
        Ok(bytes)
    }

    /// The error for a tag that has just been read.
    #[cold]
    pub fn unknown_tag(&self, tag: u8) -> Error {
        let place = Place::byte(self.at - 1);
        if tag == tag::COMPRESSED { Error::Compressed { place } } else { Error::UnknownTag { tag, place } }
    }
}
