//! Maps and structs. Entries of maps are put in the order of their keys' bytes, so that equal maps have equal bytes;
//! fields of structs are in the order of their declaration.

use serde::ser::{Serialize, SerializeMap, SerializeStruct, SerializeStructVariant};

use super::order::Entry;
use super::{Serializer, Tuple};
use crate::etf::error::{Error, Reason, Step};
use crate::etf::tag;

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
}

impl<'a> Map<'a> {
    #[inline]
    pub fn new(ser: &'a mut Serializer) -> Result<Self, Error> {
        let (start, base) = (ser.out.len(), ser.entries.len());
        let in_order = std::mem::take(&mut ser.in_order);
        ser.head(tag::MAP, 0)?;
        Ok(Map { ser, start, base, count: 0, in_order })
    }

    /// The fields of a struct: they come in one order, always, and are written in it.
    #[inline]
    pub fn of_fields(ser: &'a mut Serializer) -> Result<Self, Error> {
        ser.in_order = true;
        Map::new(ser)
    }

    #[inline(always)] // so that the length of the name is known
    pub fn entry<T: ?Sized + Serialize>(&mut self, field: &'static str, value: &T) -> Result<(), Error> {
        self.ser.atom(field)?;
        self.count += 1;
        value.serialize(&mut *self.ser).map_err(|error| error.step(&Step::Field(field)))
    }

    /// A key has been written, which begins at `key`.
    #[inline]
    fn keyed(&mut self, key: usize) {
        self.count += 1;
        if !self.in_order {
            self.ser.entries.push(Entry { key, value: self.ser.out.len() });
        }
    }

    #[inline]
    fn finish(self) -> Result<(), Error> {
        let Serializer { out, entries, order, .. } = self.ser;
        let count = u32::try_from(self.count).map_err(|_| Reason::Unencodable("a map is too large"))?;
        out[self.start + 1..self.start + 5].copy_from_slice(&count.to_be_bytes());
        if !self.in_order {
            order.sort(out, &entries[self.base..])?;
            entries.truncate(self.base);
        }
        Ok(())
    }
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
        value.serialize(&mut *self.ser).map_err(|error| error.step(&Step::Value))
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

    #[inline(always)] // as for `entry`
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

    #[inline(always)] // as for `entry`
    fn serialize_field<T: ?Sized + Serialize>(&mut self, field: &'static str, value: &T) -> Result<(), Error> {
        SerializeStruct::serialize_field(self, field, value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        SerializeStruct::end(self)
    }
}
