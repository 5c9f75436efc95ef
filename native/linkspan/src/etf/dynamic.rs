//! How [`Term`] is written and read by serde.

use std::{fmt, iter};

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::ser::{Serialize, SerializeTupleStruct, Serializer};

use super::binary::BitsVisitor;
use super::integer::IntVisitor;
use super::names::{self, kind};
use super::{Atom, Binary, Map, Opaque, Term};

/// Most elements that room is made for before they have come.
const ROOM: usize = 1024;

impl Serialize for Term<'_> {
    /// What is written at once stands here, where it becomes part of a loop.
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Term::Integer(value) => serializer.serialize_i64(*value),
            Term::Atom(atom) => atom.serialize(serializer),
            Term::Binary(bytes) => serializer.serialize_bytes(bytes),
            _ => self.serialize_other(serializer),
        }
    }
}

impl Term<'_> {
    fn serialize_other<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Term::Integer(value) => serializer.serialize_i64(*value),
            Term::BigInt(value) => value.serialize(serializer),
            Term::Float(value) => serializer.serialize_f64(*value),
            Term::Atom(atom) => atom.serialize(serializer),
            Term::Binary(bytes) => serializer.serialize_bytes(bytes),
            Term::BitBinary(bits) => bits.serialize(serializer),
            Term::List(elements) => serializer.collect_seq(elements),
            Term::ByteList(bytes) => serializer.serialize_newtype_struct(names::BYTE_LIST, bytes),
            Term::ImproperList(list) if list.0.is_empty() => list.1.serialize(serializer),
            Term::ImproperList(list) => {
                let mut parts = serializer.serialize_tuple_struct(names::IMPROPER_LIST, list.0.len() + 1)?;
                list.0.iter().try_for_each(|element| parts.serialize_field(element))?;
                parts.serialize_field(&list.1)?;
                parts.end()
            }
            Term::Tuple(elements) => {
                use serde::ser::SerializeTuple;
                let mut tuple = serializer.serialize_tuple(elements.len())?;
                elements.iter().try_for_each(|element| tuple.serialize_element(element))?;
                tuple.end()
            }
            Term::Map(map) => serializer.serialize_newtype_struct(names::SORTED_MAP, &SortedMap(map)),
            Term::Opaque(opaque) => opaque.serialize(serializer),
        }
    }
}

struct SortedMap<'a>(&'a Map<'a>);

impl Serialize for SortedMap<'_> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.entries())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Term<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        TermVisitor(Return).deserialize(deserializer)
    }
}

/// Where a term goes that has been read.
trait Sink<'de> {
    type Done;
    fn put(self, make: impl FnOnce() -> Term<'de>) -> Self::Done;
}

struct Return;

impl<'de> Sink<'de> for Return {
    type Done = Term<'de>;

    #[inline]
    fn put(self, make: impl FnOnce() -> Term<'de>) -> Term<'de> {
        make()
    }
}

/// Elements are made where they stay, after room was made: moving each out of a result or two, and keeping it meanwhile,
/// takes longer than reading it. `push` would keep it.
impl<'de> Sink<'de> for &mut Vec<Term<'de>> {
    type Done = ();

    #[inline]
    fn put(self, make: impl FnOnce() -> Term<'de>) {
        self.extend(iter::once_with(make));
    }
}

struct TermVisitor<S>(S);

impl<'de, S: Sink<'de>> DeserializeSeed<'de> for TermVisitor<S> {
    type Value = S::Done;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Done, D::Error> {
        deserializer.deserialize_newtype_struct(names::TERM, self)
    }
}

impl<'de, S: Sink<'de>> Visitor<'de> for TermVisitor<S> {
    type Value = S::Done;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a term")
    }

    #[inline]
    fn visit_bool<E>(self, value: bool) -> Result<S::Done, E> {
        Ok(self.0.put(|| value.into()))
    }

    #[inline]
    fn visit_i64<E>(self, value: i64) -> Result<S::Done, E> {
        Ok(self.0.put(|| Term::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<S::Done, E> {
        Ok(self.0.put(|| super::BigInt::from(u128::from(value)).into()))
    }

    /// An element of a list of bytes.
    #[inline]
    fn visit_u8<E>(self, value: u8) -> Result<S::Done, E> {
        Ok(self.0.put(|| Term::Integer(value.into())))
    }

    #[inline]
    fn visit_f64<E>(self, value: f64) -> Result<S::Done, E> {
        Ok(self.0.put(|| Term::Float(value)))
    }

    #[inline]
    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<S::Done, E> {
        Ok(self.0.put(|| Term::Atom(Atom::new(name))))
    }

    fn visit_str<E>(self, name: &str) -> Result<S::Done, E> {
        Ok(self.0.put(|| Term::Atom(Atom::new(name.to_string()))))
    }

    #[inline]
    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<S::Done, E> {
        Ok(self.0.put(|| Term::Binary(bytes.into())))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<S::Done, E> {
        Ok(self.0.put(|| Term::Binary(bytes.to_vec().into())))
    }

    fn visit_unit<E>(self) -> Result<S::Done, E> {
        Ok(self.0.put(|| Term::Atom(Atom::new("nil"))))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<S::Done, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<S::Done, A::Error> {
        ElementsVisitor.visit_seq(elements).map(|elements| self.0.put(|| Term::List(elements)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<S::Done, A::Error> {
        let mut terms = Vec::with_capacity(2 * map.size_hint().unwrap_or(0).min(ROOM));
        while map.next_key_seed(TermVisitor(&mut terms))?.is_some() {
            map.next_value_seed(TermVisitor(&mut terms))?;
        }
        let map = Map::from_flat(terms).map(Term::Map);
        map.map(|map| self.0.put(|| map)).ok_or_else(|| de::Error::custom("a map has a key twice"))
    }

    /// What has no visit of its own.
    fn visit_enum<A: EnumAccess<'de>>(self, term: A) -> Result<S::Done, A::Error> {
        let (kind, content) = term.variant::<u8>()?;
        let term = match kind {
            kind::TUPLE => content.tuple_variant(0, ElementsVisitor).map(Term::Tuple)?,
            kind::LIST => content.tuple_variant(0, ElementsVisitor).map(list)?,
            kind::BYTE_LIST => content.newtype_variant::<Binary<'de>>().map(Term::ByteList)?,
            kind::BIG_INT => content.tuple_variant(2, IntVisitor).map(Term::from)?,
            kind::BIT_BINARY => content.tuple_variant(2, BitsVisitor).map(|bits| Term::BitBinary(Box::new(bits)))?,
            kind::OPAQUE => {
                let opaque = Opaque::new(content.newtype_variant::<Binary<'de>>()?.into());
                opaque.map(Term::Opaque).ok_or_else(|| de::Error::custom("not a pid, reference, port or fun"))?
            }
            _ => return Err(de::Error::custom("not a term")),
        };
        Ok(self.0.put(|| term))
    }
}

/// A list, whose tail comes last. A tail that is a list itself is more of the same, though the VM never writes it so.
fn list(mut elements: Vec<Term<'_>>) -> Term<'_> {
    let tail = match elements.pop() {
        None => return Term::List(elements),
        Some(Term::List(more)) => {
            elements.extend(more);
            return Term::List(elements);
        }
        Some(Term::ByteList(more)) => {
            elements.extend(more.iter().map(|byte| Term::Integer((*byte).into())));
            return Term::List(elements);
        }
        Some(Term::ImproperList(more)) => {
            elements.extend(more.0);
            more.1
        }
        // No element and a tail are the tail, as in the VM.
        Some(tail) if elements.is_empty() => return tail,
        Some(tail) => tail,
    };
    Term::ImproperList(Box::new((elements, tail)))
}

struct ElementsVisitor;

impl<'de> Visitor<'de> for ElementsVisitor {
    type Value = Vec<Term<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("terms")
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut terms = Vec::with_capacity(elements.size_hint().unwrap_or(0).min(ROOM));
        while elements.next_element_seed(TermVisitor(&mut terms))?.is_some() {}
        Ok(terms)
    }
}
