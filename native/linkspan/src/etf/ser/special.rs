//! What the data model of serde has no words for: atoms, strings of the format, and terms that are written already.

use serde::ser::{Impossible, Serialize, Serializer as _};

use super::Serializer;
use crate::etf::error::{Error, Reason};
use crate::etf::tag;

/// Takes the one value under a name of [`names`](crate::etf::names).
pub enum Special<'a> {
    /// A string: the name.
    Atom(&'a mut Serializer),
    /// Bytes: the elements.
    ByteList(&'a mut Serializer),
    /// Bytes: the term.
    Raw(&'a mut Serializer),
}

impl Special<'_> {
    fn refuse<T>(self) -> Result<T, Error> {
        Err(Reason::Unencodable("a type of another crate has the name of one of linkspan::etf").into())
    }
}

/// As a string, which has room for 65,535 bytes, or as a list.
fn byte_list(ser: &mut Serializer, bytes: &[u8]) -> Result<(), Error> {
    match u16::try_from(bytes.len()) {
        Ok(0) => ser.out.push(tag::NIL),
        Ok(length) => {
            ser.out.push(tag::STRING);
            ser.out.extend_from_slice(&length.to_be_bytes());
            ser.out.extend_from_slice(bytes);
        }
        Err(_) => ser.collect_seq(bytes)?,
    }
    Ok(())
}

macro_rules! refuse {
    ($($method:ident($($argument:ty),*) -> $result:ty;)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$result, Error> {
            self.refuse()
        }
    )*};
}

type No = Impossible<(), Error>;

impl serde::Serializer for Special<'_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        match self {
            Special::Atom(ser) => ser.any_atom(value),
            _ => self.refuse(),
        }
    }

    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        match self {
            Special::Atom(_) => self.refuse(),
            Special::ByteList(ser) => byte_list(ser, value),
            Special::Raw(ser) => {
                ser.out.extend_from_slice(value);
                Ok(())
            }
        }
    }

    fn serialize_some<T: ?Sized + Serialize>(self, _: &T) -> Result<(), Error> {
        self.refuse()
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, _: &T) -> Result<(), Error> {
        self.refuse()
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        self.refuse()
    }

    refuse! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> No;
        serialize_tuple(usize) -> No;
        serialize_tuple_struct(&'static str, usize) -> No;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No;
        serialize_map(Option<usize>) -> No;
        serialize_struct(&'static str, usize) -> No;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No;
    }
}
