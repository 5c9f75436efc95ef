//! Maps and structs. Entries of maps are put in the order of their keys' bytes, so that equal maps have equal bytes;
//! fields of structs are in the order of their declaration.

use std::cmp::Ordering;

use serde::ser::{Serialize, SerializeMap, SerializeStruct, SerializeStructVariant};

use super::{Serializer, Tuple};
use crate::etf::error::{Error, Reason, Step};
use crate::etf::tag;

/// Where an entry is among the bytes that were written.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The first bytes of the key, which decide on the order in most cases.
    prefix: u64,
    key: usize,
    value: usize,
    end: usize,
}

impl Entry {
    fn order(&self, other: &Self, out: &[u8]) -> Ordering {
        let rest = || out[self.key..self.value].cmp(&out[other.key..other.value]);
        self.prefix.cmp(&other.prefix).then_with(rest)
    }
}

/// A number that orders keys as their bytes do, as far as it goes. No key begins with another, so that it does not
/// matter what stands for bytes that are not there.
pub fn prefix(key: &[u8]) -> u64 {
    match key.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => {
            let mut bytes = [0; 8];
            bytes[..key.len()].copy_from_slice(key);
            u64::from_be_bytes(bytes)
        }
    }
}

#[derive(Debug)]
pub struct Map<'a> {
    ser: &'a mut Serializer,
    /// Where its head is.
    start: usize,
    /// Where its entries begin among those of all maps.
    base: usize,
    count: usize,
    /// Its entries need not be put in order, nor be kept for that.
    in_order: bool,
    /// They have come in order so far.
    ascending: bool,
}

impl<'a> Map<'a> {
    #[inline]
    pub fn new(ser: &'a mut Serializer) -> Result<Self, Error> {
        let (start, base) = (ser.out.len(), ser.entries.len());
        let in_order = std::mem::take(&mut ser.in_order);
        ser.head(tag::MAP, 0)?;
        Ok(Map { ser, start, base, count: 0, in_order, ascending: true })
    }

    /// The fields of a struct: they come in one order, always, and are written in it.
    #[inline]
    pub fn of_fields(ser: &'a mut Serializer) -> Result<Self, Error> {
        ser.in_order = true;
        Map::new(ser)
    }

    #[inline]
    pub fn entry<T: ?Sized + Serialize>(&mut self, field: &'static str, value: &T) -> Result<(), Error> {
        let key = self.ser.out.len();
        self.ser.atom(field)?;
        self.keyed(key);
        self.value(value).map_err(|error| error.step(&Step::Field(field)))
    }

    /// A key has been written, which begins at `key`.
    #[inline]
    fn keyed(&mut self, key: usize) {
        self.count += 1;
        if self.in_order {
            return;
        }
        let out = &self.ser.out;
        let entry = Entry { prefix: prefix(&out[key..]), key, value: out.len(), end: out.len() };
        if let Some(last) = self.ser.entries[self.base..].last() {
            self.ascending = self.ascending && last.order(&entry, out) == Ordering::Less;
        }
        self.ser.entries.push(entry);
    }

    #[inline]
    fn value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.ser)?;
        if !self.in_order {
            let end = self.ser.out.len();
            self.ser.entries.last_mut().expect("a value has a key").end = end;
        }
        Ok(())
    }

    #[inline]
    fn finish(self) -> Result<(), Error> {
        let Serializer { out, entries, sorted, .. } = self.ser;
        if !self.ascending {
            sort(out, &mut entries[self.base..], sorted, self.start + 5)?;
        }
        let count = u32::try_from(self.count).map_err(|_| Reason::Unencodable("a map is too large"))?;
        out[self.start + 1..self.start + 5].copy_from_slice(&count.to_be_bytes());
        entries.truncate(self.base);
        Ok(())
    }
}

/// Puts entries, which begin at `start`, in order.
fn sort(out: &mut [u8], entries: &mut [Entry], sorted: &mut Vec<u8>, start: usize) -> Result<(), Error> {
    entries.sort_unstable_by(|a, b| a.order(b, out));
    if entries.windows(2).any(|pair| pair[0].order(&pair[1], out) == Ordering::Equal) {
        return Err(Reason::Unencodable("a map has a key twice").into());
    }
    sorted.clear();
    sorted.reserve(out.len() - start);
    entries.iter().for_each(|entry| sorted.extend_from_slice(&out[entry.key..entry.end]));
    out[start..].copy_from_slice(sorted);
    Ok(())
}

impl SerializeMap for Map<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Error> {
        let start = self.ser.out.len();
        key.serialize(&mut *self.ser)?;
        self.keyed(start);
        Ok(())
    }

    #[inline]
    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value).map_err(|error| error.step(&Step::Value))
    }

    #[inline]
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

    #[inline]
    fn serialize_field<T: ?Sized + Serialize>(&mut self, field: &'static str, value: &T) -> Result<(), Error> {
        match self {
            Fields::Map(map) => map.entry(field, value),
            Fields::Tuple(tuple) => tuple.element(value),
        }
    }

    #[inline]
    fn skip_field(&mut self, field: &'static str) -> Result<(), Error> {
        match self {
            Fields::Map(_) => Ok(()),
            Fields::Tuple(_) => {
                let reason = Reason::Unencodable("a field of a tuple or record cannot be left out");
                Err(Error::from(reason).step(&Step::Field(field)))
            }
        }
    }

    #[inline]
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

    #[inline]
    fn serialize_field<T: ?Sized + Serialize>(&mut self, field: &'static str, value: &T) -> Result<(), Error> {
        SerializeStruct::serialize_field(self, field, value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        SerializeStruct::end(self)
    }
}
