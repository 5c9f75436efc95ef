//! Maps and structs. Entries are put in the order of their keys' bytes, so that equal maps have equal bytes.

use serde::ser::{Serialize, SerializeMap, SerializeStruct, SerializeStructVariant};

use super::{Serializer, Tuple};
use crate::etf::error::{Error, Step};
use crate::etf::tag;

/// Where an entry is among the bytes that were written.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    key: usize,
    value: usize,
    end: usize,
}

#[derive(Debug)]
pub struct Map<'a> {
    ser: &'a mut Serializer,
    /// Where its head is.
    start: usize,
    /// Where its entries begin among those of all maps.
    base: usize,
    sorted: bool,
}

impl<'a> Map<'a> {
    pub fn new(ser: &'a mut Serializer) -> Result<Self, Error> {
        let (start, base) = (ser.out.len(), ser.entries.len());
        ser.head(tag::MAP, 0)?;
        Ok(Map { ser, start, base, sorted: true })
    }

    pub fn entry<T: ?Sized + Serialize>(&mut self, field: &'static str, value: &T) -> Result<(), Error> {
        let key = self.ser.out.len();
        self.ser.atom(field)?;
        self.keyed(key);
        self.value(value).map_err(|error| error.step(&Step::Field(field)))
    }

    /// A key has been written, which begins at `key`.
    fn keyed(&mut self, key: usize) {
        let out = &self.ser.out;
        if let Some(last) = self.ser.entries[self.base..].last() {
            self.sorted = self.sorted && out[last.key..last.value] < out[key..];
        }
        self.ser.entries.push(Entry { key, value: out.len(), end: out.len() });
    }

    fn value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.ser)?;
        let end = self.ser.out.len();
        if let Some(entry) = self.ser.entries.last_mut() {
            entry.end = end;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        let Serializer { out, entries, sorted } = self.ser;
        let own = &mut entries[self.base..];
        if !self.sorted {
            own.sort_unstable_by(|a, b| out[a.key..a.value].cmp(&out[b.key..b.value]));
            if own.windows(2).any(|pair| out[pair[0].key..pair[0].value] == out[pair[1].key..pair[1].value]) {
                return Err(Error::unencodable("a map has a key twice"));
            }
            sorted.clear();
            own.iter().for_each(|entry| sorted.extend_from_slice(&out[entry.key..entry.end]));
            out.truncate(self.start + 5);
            out.extend_from_slice(sorted);
        }
        let count = u32::try_from(own.len()).map_err(|_| Error::unencodable("a map is too large"))?;
        out[self.start + 1..self.start + 5].copy_from_slice(&count.to_be_bytes());
        entries.truncate(self.base);
        Ok(())
    }
}

impl SerializeMap for Map<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Error> {
        let start = self.ser.out.len();
        key.serialize(&mut *self.ser)?;
        self.keyed(start);
        Ok(())
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value).map_err(|error| error.step(&Step::Value))
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

/// The fields of a struct.
#[derive(Debug)]
pub enum Fields<'a> {
    Map(Map<'a>),
    Tuple(Tuple<'a>),
}

impl SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, field: &'static str, value: &T) -> Result<(), Error> {
        match self {
            Fields::Map(map) => map.entry(field, value),
            Fields::Tuple(tuple) => tuple.element(value),
        }
    }

    fn skip_field(&mut self, field: &'static str) -> Result<(), Error> {
        match self {
            Fields::Map(_) => Ok(()),
            Fields::Tuple(_) => {
                Err(Error::unencodable("a field of a tuple or record cannot be left out").step(&Step::Field(field)))
            }
        }
    }

    fn end(self) -> Result<(), Error> {
        match self {
            Fields::Map(map) => map.finish(),
            Fields::Tuple(tuple) => tuple.finish(),
        }
    }
}

impl SerializeStructVariant for Fields<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, field: &'static str, value: &T) -> Result<(), Error> {
        SerializeStruct::serialize_field(self, field, value)
    }

    fn end(self) -> Result<(), Error> {
        SerializeStruct::end(self)
    }
}
