//! Tuples, of which the size is known at their beginning.

use serde::ser::{Serialize, SerializeTuple, SerializeTupleStruct, SerializeTupleVariant};

use super::Serializer;
use crate::etf::error::{Error, Reason, Step};

#[derive(Debug)]
pub struct Tuple<'a> {
    ser: &'a mut Serializer,
    count: usize,
    index: usize,
}

impl<'a> Tuple<'a> {
    #[inline]
    pub fn new(ser: &'a mut Serializer, count: usize) -> Self {
        Tuple { ser, count, index: 0 }
    }

    #[inline]
    pub fn element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.ser).map_err(|error| error.step(&Step::Index(self.index)))?;
        self.index += 1;
        Ok(())
    }

    #[inline]
    pub fn finish(self) -> Result<(), Error> {
        if self.index == self.count {
            Ok(())
        } else {
            Err(Reason::Unencodable("a tuple has another number of elements than its type said").into())
        }
    }
}

impl SerializeTuple for Tuple<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl SerializeTupleStruct for Tuple<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl SerializeTupleVariant for Tuple<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}
