//! The entries of a map.

use serde::de::{DeserializeSeed, MapAccess, Visitor};

use super::Deserializer;
use crate::etf::error::{Error, Step};

pub(super) struct Entries<'a, 'de> {
    de: &'a mut Deserializer<'de>,
    left: usize,
    /// The keys are fields of a struct: `__struct__` is none of them.
    fields: bool,
    /// Where the last key begins.
    key: usize,
}

/// How the key `__struct__` is written, as each kind of atom.
const STRUCT: [&[u8]; 4] = [b"w\x0a__struct__", b"d\0\x0a__struct__", b"s\x0a__struct__", b"v\0\x0a__struct__"];

impl<'a, 'de> Entries<'a, 'de> {
    #[inline]
    pub fn new(de: &'a mut Deserializer<'de>, count: usize, fields: bool) -> Self {
        let key = de.reader.offset();
        Entries { de, left: count, fields, key }
    }

    /// Gives the entries to `visitor`, which is to take them all.
    #[inline]
    pub fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let value = visitor.visit_map(&mut self)?;
        // Only a visitor that stops early leaves any.
        for _ in 0..self.left * 2 {
            self.de.reader.skip()?;
        }
        Ok(value)
    }

    #[inline]
    fn skip_struct(&mut self) -> Result<(), Error> {
        let rest = self.de.reader.rest();
        // Of other keys, most have another second byte or third.
        if !matches!(rest, [_, 10, ..] | [_, _, 10, ..]) {
            return Ok(());
        }
        if let Some(key) = STRUCT.iter().find(|key| rest.starts_with(key)) {
            self.de.reader.bytes(key.len())?;
            self.de.reader.skip()?;
            self.left -= 1;
        }
        Ok(())
    }

    /// The last key as a step on the path.
    #[cold]
    fn locate(&mut self, error: Error, start: usize) -> Error {
        let here = self.de.reader.offset();
        self.de.reader.rewind(self.key);
        let error = error.at(start);
        let error = match self.de.name("") {
            Ok(name) => error.step(&Step::Field(&name)),
            Err(_) => error.step(&Step::Value),
        };
        self.de.reader.rewind(here);
        error
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if self.fields && self.left > 0 {
            self.skip_struct()?;
        }
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.key = self.de.reader.offset();
        seed.deserialize(&mut *self.de).map(Some).map_err(|error| error.at(self.key))
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let start = self.de.reader.offset();
        seed.deserialize(&mut *self.de).map_err(|error| self.locate(error, start))
    }

    /// Never more than there are bytes.
    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left.min(self.de.reader.remaining() / 2))
    }
}
