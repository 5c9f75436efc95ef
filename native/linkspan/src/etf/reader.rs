//! A position in the bytes of a term, and what can be read there. Nothing is allocated for a length that was read.

use std::borrow::Cow;

use super::error::{Error, Reason};
use super::integer::Int;
use super::tag;

#[derive(Debug)]
pub(super) struct Reader<'de> {
    input: &'de [u8],
    /// What has been read. One word, so that keeping it in order to go back costs nothing.
    at: usize,
}

impl<'de> Reader<'de> {
    #[inline]
    pub fn new(input: &'de [u8]) -> Self {
        Reader { input, at: 0 }
    }

    #[inline]
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Goes back to where it was.
    #[inline]
    pub fn rewind(&mut self, offset: usize) {
        self.at = offset;
    }

    #[inline]
    pub fn remaining(&self) -> usize {
        self.rest().len()
    }

    #[inline]
    pub fn rest(&self) -> &'de [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    /// What has been read since it was at `start`.
    #[inline]
    pub fn since(&self, start: usize) -> &'de [u8] {
        &self.input[start..self.at]
    }

    #[cold]
    pub fn truncated(&self) -> Error {
        Error::from(Reason::Truncated).at(self.offset())
    }

    #[cold]
    pub fn malformed(&self, what: &'static str) -> Error {
        Error::from(Reason::Malformed(what)).at(self.offset())
    }

    #[inline]
    pub fn peek(&self) -> Result<u8, Error> {
        self.input.get(self.at).copied().ok_or_else(|| self.truncated())
    }

    #[inline]
    pub fn u8(&mut self) -> Result<u8, Error> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    pub fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    #[inline]
    pub fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let bytes = self.rest().first_chunk().ok_or_else(|| self.truncated())?;
        self.at += N;
        Ok(*bytes)
    }

    #[inline]
    pub fn bytes(&mut self, count: usize) -> Result<&'de [u8], Error> {
        let bytes = self.rest().get(..count).ok_or_else(|| self.truncated())?;
        self.at += count;
        Ok(bytes)
    }

    /// A number of terms. Each has a byte at least, so that a number no input could hold fails here and now.
    #[inline]
    pub fn count(&mut self) -> Result<usize, Error> {
        let count = self.u32()? as usize;
        self.holds(count)
    }

    #[inline]
    pub fn holds(&self, count: usize) -> Result<usize, Error> {
        if count > self.remaining() { Err(self.truncated()) } else { Ok(count) }
    }

    /// The name of an atom, after its tag. `None`: the tag is not that of an atom.
    #[inline]
    pub fn atom(&mut self, tag: u8) -> Result<Option<Cow<'de, str>>, Error> {
        match tag {
            tag::SMALL_ATOM_UTF8 => self.short_atom().map(|name| Some(Cow::Borrowed(name))),
            tag::ATOM_UTF8 | tag::ATOM | tag::SMALL_ATOM => self.old_atom(tag).map(Some),
            _ => Ok(None),
        }
    }

    /// The name of an atom of the usual form, after its tag.
    #[inline]
    pub fn short_atom(&mut self) -> Result<&'de str, Error> {
        let length = self.u8()?.into();
        str::from_utf8(self.bytes(length)?).map_err(|_| self.malformed("the name of an atom is not UTF-8"))
    }

    fn old_atom(&mut self, tag: u8) -> Result<Cow<'de, str>, Error> {
        let length = if tag == tag::SMALL_ATOM { self.u8()?.into() } else { self.u16()?.into() };
        let name = self.bytes(length)?;
        let name = match str::from_utf8(name) {
            Ok(text) if tag == tag::ATOM_UTF8 || name.is_ascii() => Cow::Borrowed(text),
            _ if tag == tag::ATOM_UTF8 => return Err(self.malformed("the name of an atom is not UTF-8")),
            _ => Cow::Owned(name.iter().copied().map(char::from).collect()),
        };
        // The bound of the VM.
        if length > 255 && name.chars().count() > 255 {
            return Err(self.malformed("the name of an atom has more than 255 characters"));
        }
        Ok(name)
    }

    /// An integer, after its tag. `None`: the tag is not that of an integer.
    #[inline]
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

    #[inline(never)]
    fn big(&mut self, length: usize) -> Result<Int<'de>, Error> {
        // The VM, too, takes whatever is not 0 for a minus.
        let negative = self.u8()? != 0;
        Ok(Int::new(negative, self.bytes(length)?))
    }

    /// A float, after its tag. `None`: the tag is not that of a float.
    #[inline]
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

    /// 31 characters as of `%.20e`, filled up with zero bytes. The VM takes a comma for a point.
    fn float_text(&mut self) -> Result<f64, Error> {
        let mut field: [u8; 31] = self.array()?;
        field.iter_mut().filter(|byte| **byte == b',').for_each(|byte| *byte = b'.');
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
                // Where the VM is told of none, it reads one.
                let words = usize::from(self.u16()?).max(1);
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
        let reason = if tag == tag::COMPRESSED { Reason::Compressed } else { Reason::UnknownTag(tag) };
        Error::from(reason).at(self.offset() - 1)
    }
}
