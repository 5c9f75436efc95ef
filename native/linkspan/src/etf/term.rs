//! Any term, for those who do not know what comes.

use super::{Atom, BigInt, Binary, BitBinary, Map, Opaque};

/// Any term. Names, binaries and opaque terms are borrowed from the bytes it was read from.
///
/// It is part of a typed one as well: a field of type `Term` takes whatever comes.
///
/// ```
/// use linkspan::etf::{self, Term};
/// let term: Term = etf::from_slice(b"\x83h\x02w\x02okm\0\0\0\x05hello")?; // {ok, <<"hello">>}
/// let Term::Tuple(elements) = &term else { panic!() };
/// assert_eq!(elements[0].as_atom(), Some("ok"));
/// assert_eq!(elements[1].as_bytes(), Some(&b"hello"[..]));
/// assert_eq!(etf::to_vec(&term)?, b"\x83h\x02w\x02okm\0\0\0\x05hello");
/// # Ok::<(), etf::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Term<'a> {
    /// An integer that an `i64` can hold.
    Integer(i64),
    /// An integer that an `i64` cannot hold.
    BigInt(Box<BigInt<'a>>),
    /// A float. One that is not finite cannot be written.
    Float(f64),
    /// An atom.
    Atom(Atom<'a>),
    /// A binary.
    Binary(Binary<'a>),
    /// A bit string that is not a binary.
    BitBinary(Box<BitBinary<'a>>),
    /// A proper list. Equal to [`Term::ByteList`] if its elements are.
    List(Vec<Term<'a>>),
    /// A list of integers from 0 to 255: how most strings of Erlang travel.
    ByteList(Binary<'a>),
    /// A list whose last tail is not the empty list, and that tail.
    ImproperList(Box<(Vec<Term<'a>>, Term<'a>)>),
    /// A tuple.
    Tuple(Vec<Term<'a>>),
    /// A map.
    Map(Map<'a>),
    /// A pid, reference, port or fun.
    Opaque(Opaque<'a>),
}

impl Term<'_> {
    /// The name, if it is an atom.
    pub fn as_atom(&self) -> Option<&str> {
        match self {
            Term::Atom(atom) => Some(atom.name()),
            _ => None,
        }
    }

    /// The bytes, if it is a binary.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Term::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The value, if it is an integer that an `i64` can hold.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Term::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The same, owning all that it borrowed.
    pub fn into_owned(self) -> Term<'static> {
        let all = |terms: Vec<Term<'_>>| terms.into_iter().map(Term::into_owned).collect::<Vec<_>>();
        match self {
            Term::Integer(value) => Term::Integer(value),
            Term::BigInt(value) => Term::BigInt(Box::new(value.into_owned())),
            Term::Float(value) => Term::Float(value),
            Term::Atom(atom) => Term::Atom(atom.into_owned()),
            Term::Binary(bytes) => Term::Binary(bytes.into_owned()),
            Term::BitBinary(bits) => Term::BitBinary(Box::new(bits.into_owned())),
            Term::List(elements) => Term::List(all(elements)),
            Term::ByteList(bytes) => Term::ByteList(bytes.into_owned()),
            Term::ImproperList(list) => Term::ImproperList(Box::new((all(list.0), list.1.into_owned()))),
            Term::Tuple(elements) => Term::Tuple(all(elements)),
            Term::Map(map) => Term::Map(map.into_owned()),
            Term::Opaque(opaque) => Term::Opaque(opaque.into_owned()),
        }
    }
}

/// As `=:=`, since OTP 27: 0.0 is not -0.0. Terms that are equal are written as equal bytes, opaque ones aside.
impl PartialEq for Term<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Term::Integer(a), Term::Integer(b)) => a == b,
            (Term::BigInt(a), Term::BigInt(b)) => a == b,
            (Term::Float(a), Term::Float(b)) => a.to_bits() == b.to_bits(),
            (Term::Atom(a), Term::Atom(b)) => a == b,
            (Term::Binary(a), Term::Binary(b)) | (Term::ByteList(a), Term::ByteList(b)) => a == b,
            (Term::BitBinary(a), Term::BitBinary(b)) => a == b,
            (Term::List(a), Term::List(b)) | (Term::Tuple(a), Term::Tuple(b)) => a == b,
            (Term::List(list), Term::ByteList(bytes)) | (Term::ByteList(bytes), Term::List(list)) => {
                list.len() == bytes.len()
                    && list.iter().zip(bytes.iter()).all(|(a, b)| a.as_integer() == Some((*b).into()))
            }
            (Term::ImproperList(a), Term::ImproperList(b)) => a == b,
            (Term::Map(a), Term::Map(b)) => a == b,
            (Term::Opaque(a), Term::Opaque(b)) => a == b,
            _ => false,
        }
    }
}

impl From<i64> for Term<'_> {
    fn from(value: i64) -> Self {
        Term::Integer(value)
    }
}

impl From<f64> for Term<'_> {
    fn from(value: f64) -> Self {
        Term::Float(value)
    }
}

impl From<bool> for Term<'_> {
    fn from(value: bool) -> Self {
        Term::Atom(Atom::new(if value { "true" } else { "false" }))
    }
}

/// A binary.
impl<'a> From<&'a str> for Term<'a> {
    fn from(text: &'a str) -> Self {
        Term::Binary(text.into())
    }
}

impl<'a> From<BigInt<'a>> for Term<'a> {
    fn from(value: BigInt<'a>) -> Self {
        match value.to_i128().map(i64::try_from) {
            Some(Ok(small)) => Term::Integer(small),
            _ => Term::BigInt(Box::new(value)),
        }
    }
}

impl<'a> From<Atom<'a>> for Term<'a> {
    fn from(atom: Atom<'a>) -> Self {
        Term::Atom(atom)
    }
}

impl<'a> From<Binary<'a>> for Term<'a> {
    fn from(bytes: Binary<'a>) -> Self {
        Term::Binary(bytes)
    }
}

/// A list.
impl<'a> From<Vec<Term<'a>>> for Term<'a> {
    fn from(elements: Vec<Term<'a>>) -> Self {
        Term::List(elements)
    }
}
