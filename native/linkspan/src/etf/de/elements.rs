//! The elements of a list or tuple.

use serde::de::{DeserializeSeed, SeqAccess, Visitor};

use super::Deserializer;
use crate::etf::error::{Error, Step};
use crate::etf::tag;

pub(super) struct Elements<'a, 'de> {
    de: &'a mut Deserializer<'de>,
    count: usize,
    index: usize,
    /// A list ends with a tail, which is to be the empty list.
    list: bool,
}

impl<'a, 'de> Elements<'a, 'de> {
    #[inline]
    pub fn tuple(de: &'a mut Deserializer<'de>, count: usize) -> Self {
        Elements { de, count, index: 0, list: false }
    }

    #[inline]
    pub fn list(de: &'a mut Deserializer<'de>, count: usize) -> Self {
        Elements { de, count, index: 0, list: true }
    }

    /// Gives the elements to `visitor`, which is to take them all.
    #[inline]
    pub fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let value = visitor.visit_seq(&mut self)?;
        if self.index < self.count {
            let (expected, got) = (self.index.to_string() + " elements", self.count.to_string());
            return Err(Error::unexpected(expected, got));
        }
        let start = self.de.reader.offset();
        if self.list && self.de.reader.u8()? != tag::NIL {
            let error = self.de.unexpected("the end of a list", start);
            return Err(error);
        }
        Ok(value)
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if self.index == self.count {
            return Ok(None);
        }
        let start = self.de.reader.offset();
        match seed.deserialize(&mut *self.de) {
            Ok(value) => {
                self.index += 1;
                Ok(Some(value))
            }
            Err(error) => Err(error.at(start).step(&Step::Index(self.index))),
        }
    }

    /// Never more than there are bytes.
    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some((self.count - self.index).min(self.de.reader.remaining()))
    }
}
