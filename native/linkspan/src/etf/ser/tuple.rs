//! Tuples, of which the size is known at their beginning.

use serde::ser::{Serialize, SerializeTuple, SerializeTupleStruct, SerializeTupleVariant};

use super::Serializer;
use crate::etf::error::{Error, Step};

#[derive(Debug)]
pub struct Tuple<'a> {
    ser: &'a mut Serializer,
    count: usize,
    index: usize,
}

impl<'a> Tuple<'a> {
    pub fn new(ser: &'a mut Serializer, count: usize) -> Self {
        Tuple { ser, count, index: 0 }
    }

    pub fn element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.ser).map_err(|error| error.step(&Step::Index(self.index)))?;
        self.index += 1;
        Ok(())
    }

    pub fn finish(self) -> Result<(), Error> {
        if self.index == self.count {
            Ok(())
        } else {
            Err(Error::unencodable("a tuple has another number of elements than its type said"))
        }
    }
}

impl SerializeTuple for Tuple<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl SerializeTupleStruct for Tuple<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl SerializeTupleVariant for Tuple<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}
