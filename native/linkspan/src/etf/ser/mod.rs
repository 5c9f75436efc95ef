//! Types of Rust into terms. The same value gives the same bytes, always.

mod list;
mod map;
mod order;
mod special;
mod tuple;

use serde::ser::{self, Serialize, SerializeSeq};

use self::list::List;
use self::map::{Fields, Map};
use self::order::{Entry, Order};
use self::special::Special;
use self::tuple::Tuple;
use super::error::{Error, Reason, Step};
use super::integer::write_big;
use super::shape::Shape;
use super::{names, shape, tag};

/// Most elements that room is made for beforehand.
const ROOM: usize = 4096;

/// Writes a term. See [`to_vec`](super::to_vec).
#[derive(Debug)]
pub struct Serializer {
    out: Vec<u8>,
    /// The entries of the maps that are being written, each map's after those of the map it is in.
    entries: Vec<Entry>,
    order: Order,
    /// The next map's entries come in their order, or in one that is as good.
    in_order: bool,
}

impl Serializer {
    /// Begins to write a term after what `out` has.
    #[inline]
    pub fn new(mut out: Vec<u8>) -> Self {
        out.push(tag::VERSION);
        Serializer { out, entries: Vec::new(), order: Order::default(), in_order: false }
    }

    /// What was written.
    #[inline]
    pub fn into_vec(self) -> Vec<u8> {
        self.out
    }

    /// An atom that stands in the program: inlined, the length of its name is known.
    #[inline(always)]
    fn atom(&mut self, name: &str) -> Result<(), Error> {
        let Ok(length) = u8::try_from(name.len()) else { return self.long_atom(name) };
        self.out.extend_from_slice(&[tag::SMALL_ATOM_UTF8, length]);
        self.out.extend_from_slice(name.as_bytes());
        Ok(())
    }

    /// Any atom.
    #[inline]
    fn any_atom(&mut self, name: &str) -> Result<(), Error> {
        let Ok(length) = u8::try_from(name.len()) else { return self.long_atom(name) };
        self.out.extend_from_slice(&[tag::SMALL_ATOM_UTF8, length]);
        append(&mut self.out, name.as_bytes());
        Ok(())
    }

    #[cold]
    fn long_atom(&mut self, name: &str) -> Result<(), Error> {
        if name.chars().count() > 255 {
            return Err(Reason::Unencodable("the name of an atom has more than 255 characters").into());
        }
        self.out.push(tag::ATOM_UTF8);
        // 255 characters are 1,020 bytes at most.
        self.out.extend_from_slice(&(name.len() as u16).to_be_bytes());
        self.out.extend_from_slice(name.as_bytes());
        Ok(())
    }

    /// A tag and how many elements or bytes follow.
    #[inline]
    fn head(&mut self, tag: u8, count: usize) -> Result<(), Error> {
        let count = u32::try_from(count).map_err(|_| Reason::Unencodable("a term is longer than 2^32 - 1"))?;
        let [a, b, c, d] = count.to_be_bytes();
        self.out.extend_from_slice(&[tag, a, b, c, d]);
        Ok(())
    }

    #[inline]
    fn tuple(&mut self, arity: usize) -> Result<(), Error> {
        match u8::try_from(arity) {
            Ok(arity) => self.out.extend_from_slice(&[tag::SMALL_TUPLE, arity]),
            Err(_) => self.head(tag::LARGE_TUPLE, arity)?,
        }
        Ok(())
    }

    /// The head of a tuple that begins with `name` and has `count` elements more.
    #[inline]
    fn tagged(&mut self, name: &str, count: usize) -> Result<(), Error> {
        self.tuple(count + 1)?;
        self.atom(name)
    }

    #[inline]
    fn binary(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.reserve(bytes.len() + 5);
        self.head(tag::BINARY, bytes.len())?;
        append(&mut self.out, bytes);
        Ok(())
    }

    /// An integer that is out of `i32`.
    #[inline(never)]
    fn big(&mut self, value: i64) -> Result<(), Error> {
        let magnitude = value.unsigned_abs();
        let length = 8 - magnitude.leading_zeros() as usize / 8;
        let [a, b, c, d, e, f, g, h] = magnitude.to_le_bytes();
        self.out.extend_from_slice(&[tag::SMALL_BIG, length as u8, (value < 0).into(), a, b, c, d, e, f, g, h]);
        self.out.truncate(self.out.len() - (8 - length));
        Ok(())
    }

    #[inline(always)] // a loop over integers is this
    fn small(&mut self, value: i64) -> Result<(), Error> {
        if let Ok(byte) = u8::try_from(value) {
            self.out.extend_from_slice(&[tag::SMALL_INTEGER, byte]);
            Ok(())
        } else if let Ok(value) = i32::try_from(value) {
            let [a, b, c, d] = value.to_be_bytes();
            self.out.extend_from_slice(&[tag::INTEGER, a, b, c, d]);
            Ok(())
        } else {
            self.big(value)
        }
    }
}

/// As `extend_from_slice`; what is short is written as two pieces of fixed size, without a call.
#[inline(always)]
fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes.len() {
        4..8 => both_ends::<4>(out, bytes),
        8..=16 => both_ends::<8>(out, bytes),
        _ => out.extend_from_slice(bytes),
    }
}

/// The first and the last `N` bytes of `N` to `2 * N`, of which the last overwrite what both have.
#[inline(always)]
fn both_ends<const N: usize>(out: &mut Vec<u8>, bytes: &[u8]) {
    let last = bytes.len() - N;
    let start = out.len();
    out.extend_from_slice(&bytes[..N]);
    out.truncate(start + last);
    out.extend_from_slice(&bytes[last..]);
}

macro_rules! small_integers {
    ($($method:ident $type:ident)*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<(), Error> {
            self.small(value.into())
        }
    )*};
}

impl<'a> ser::Serializer for &'a mut Serializer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = List<'a>;
    type SerializeTuple = Tuple<'a>;
    type SerializeTupleStruct = Tuple<'a>;
    type SerializeTupleVariant = Tuple<'a>;
    type SerializeMap = Map<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    small_integers! {
        serialize_i8 i8
        serialize_i16 i16
        serialize_i32 i32
        serialize_i64 i64
        serialize_u8 u8
        serialize_u16 u16
        serialize_u32 u32
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.atom(if value { "true" } else { "false" })
    }

    #[inline]
    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        match i64::try_from(value) {
            Ok(value) => self.small(value),
            Err(_) => self.serialize_u128(value.into()),
        }
    }

    #[inline]
    fn serialize_i128(self, value: i128) -> Result<(), Error> {
        match i64::try_from(value) {
            Ok(value) => self.small(value),
            Err(_) => write_big(&mut self.out, value < 0, &value.unsigned_abs().to_le_bytes()),
        }
    }

    #[inline]
    fn serialize_u128(self, value: u128) -> Result<(), Error> {
        match i64::try_from(value) {
            Ok(value) => self.small(value),
            Err(_) => write_big(&mut self.out, false, &value.to_le_bytes()),
        }
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(value.into())
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        if !value.is_finite() {
            return Err(Reason::Unencodable("a float is not finite").into());
        }
        self.out.push(tag::NEW_FLOAT);
        self.out.extend_from_slice(&value.to_be_bytes());
        Ok(())
    }

    /// A list of one character.
    #[inline]
    fn serialize_char(self, value: char) -> Result<(), Error> {
        let mut list = List::new(self)?;
        list.serialize_element(&u32::from(value))?;
        SerializeSeq::end(list)
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.binary(value.as_bytes())
    }

    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.binary(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Error> {
        self.atom("nil")
    }

    #[inline]
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Error> {
        self.atom("nil")
    }

    #[inline]
    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.atom("nil")
    }

    #[inline]
    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), Error> {
        self.atom(variant)
    }

    #[inline(always)] // so that the name is compared when this is compiled
    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, name: &'static str, value: &T) -> Result<(), Error> {
        match name {
            names::SORTED_MAP => {
                self.in_order = true;
                value.serialize(self)
            }
            names::ATOM => value.serialize(Special::Atom(self)),
            names::BYTE_LIST => value.serialize(Special::ByteList(self)),
            names::RAW => value.serialize(Special::Raw(self)),
            _ => {
                self.tagged(name, 1)?;
                value.serialize(self)
            }
        }
    }

    #[inline]
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let tag = match (name, variant) {
            ("Result", "Ok") => "ok",
            ("Result", "Err") => "error",
            _ => variant,
        };
        self.tagged(tag, 1)?;
        value.serialize(self).map_err(|error| error.step(&Step::Index(1)))
    }

    #[inline]
    fn serialize_seq(self, count: Option<usize>) -> Result<List<'a>, Error> {
        self.out.reserve(5 * count.unwrap_or(0).min(ROOM));
        List::new(self)
    }

    #[inline]
    fn serialize_tuple(self, count: usize) -> Result<Tuple<'a>, Error> {
        self.tuple(count)?;
        Ok(Tuple::new(self, count))
    }

    #[inline]
    fn serialize_tuple_struct(self, name: &'static str, count: usize) -> Result<Tuple<'a>, Error> {
        match name {
            // The last one is its tail.
            names::IMPROPER_LIST => self.head(tag::LIST, count - 1)?,
            _ => self.tagged(name, count)?,
        }
        Ok(Tuple::new(self, count))
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        count: usize,
    ) -> Result<Tuple<'a>, Error> {
        self.tagged(variant, count)?;
        Ok(Tuple::new(self, count))
    }

    #[inline]
    fn serialize_map(self, count: Option<usize>) -> Result<Map<'a>, Error> {
        let count = count.unwrap_or(0).min(ROOM);
        self.out.reserve(16 * count);
        if !self.in_order {
            self.entries.reserve(count);
        }
        Map::new(self)
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, count: usize) -> Result<Fields<'a>, Error> {
        match shape::of(name) {
            Shape::Map => Map::of_fields(self).map(Fields::Map),
            Shape::Struct => {
                let mut map = Map::of_fields(self)?;
                map.entry("__struct__", &super::Atom::new(name))?;
                Ok(Fields::Map(map))
            }
            Shape::Tuple => {
                self.tuple(count)?;
                Ok(Fields::Tuple(Tuple::new(self, count)))
            }
            Shape::Record(tag) => {
                self.tagged(tag, count)?;
                Ok(Fields::Tuple(Tuple::new(self, count)))
            }
        }
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _count: usize,
    ) -> Result<Fields<'a>, Error> {
        self.tagged(variant, 1)?;
        Map::of_fields(self).map(Fields::Map)
    }
}
