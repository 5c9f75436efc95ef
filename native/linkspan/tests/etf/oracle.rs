//! The crate `eetf` as an oracle: what it says of our bytes, and we of its.

use eetf::Term as Theirs;
use linkspan::etf::{self, Term};
use num_bigint::{BigInt, Sign};
use proptest::prelude::*;

use crate::random::terms;

fn all(terms: &[Term<'_>]) -> Vec<Theirs> {
    terms.iter().map(theirs).collect()
}

/// The same term as theirs.
fn theirs(term: &Term<'_>) -> Theirs {
    match term {
        Term::Integer(value) => match i32::try_from(*value) {
            Ok(value) => eetf::FixInteger::from(value).into(),
            Err(_) => eetf::BigInteger::from(*value).into(),
        },
        Term::BigInt(value) => {
            let sign = if value.is_negative() { Sign::Minus } else { Sign::Plus };
            eetf::BigInteger { value: BigInt::from_bytes_le(sign, value.magnitude()) }.into()
        }
        Term::Float(value) => eetf::Float::try_from(*value).unwrap().into(),
        Term::Atom(atom) => eetf::Atom::from(atom.name()).into(),
        Term::Binary(bytes) => eetf::Binary::from(bytes.to_vec()).into(),
        Term::BitBinary(bits) => {
            // They keep the last byte shifted down.
            let (mut bytes, last) = (bits.bytes().to_vec(), (bits.bits() + 7) % 8 + 1);
            *bytes.last_mut().unwrap() >>= 8 - last;
            eetf::BitBinary::from((bytes, last as u8)).into()
        }
        Term::List(elements) => eetf::List::from(all(elements)).into(),
        Term::ByteList(bytes) => eetf::ByteList::from(bytes.to_vec()).into(),
        Term::ImproperList(list) => eetf::ImproperList::from((all(&list.0), theirs(&list.1))).into(),
        Term::Tuple(elements) => eetf::Tuple::from(all(elements)).into(),
        Term::Map(map) => {
            let entries = map.entries().map(|(key, value)| (theirs(key), theirs(value)));
            eetf::Map::from(entries.collect::<std::collections::HashMap<_, _>>()).into()
        }
        Term::Opaque(opaque) => Theirs::decode(&*[&[131], opaque.as_bytes()].concat()).unwrap(),
        other => panic!("{other:?} is not known here"),
    }
}

/// The same term as ours. Theirs are not compared: two maps that are keys are seldom equal to each other there.
fn ours(term: &Theirs) -> Term<'static> {
    let all = |terms: &[Theirs]| terms.iter().map(ours).collect::<Vec<_>>();
    match term {
        Theirs::FixInteger(integer) => Term::Integer(integer.value.into()),
        Theirs::BigInteger(integer) => {
            let (sign, magnitude) = integer.value.to_bytes_le();
            etf::BigInt::new(sign == Sign::Minus, magnitude).into()
        }
        Theirs::Float(float) => Term::Float(float.value),
        Theirs::Atom(atom) => Term::Atom(etf::Atom::new(atom.name.clone())),
        Theirs::Binary(binary) => Term::Binary(binary.bytes.clone().into()),
        Theirs::BitBinary(bits) => {
            let mut bytes = bits.bytes.clone();
            *bytes.last_mut().unwrap() <<= 8 - bits.tail_bits_size;
            let count = bytes.len() * 8 - 8 + usize::from(bits.tail_bits_size);
            Term::BitBinary(Box::new(etf::BitBinary::new(bytes, count).unwrap()))
        }
        Theirs::List(list) => Term::List(all(&list.elements)),
        Theirs::ByteList(list) => Term::ByteList(list.bytes.clone().into()),
        Theirs::ImproperList(list) => Term::ImproperList(Box::new((all(&list.elements), ours(&list.last)))),
        Theirs::Tuple(tuple) => Term::Tuple(all(&tuple.elements)),
        Theirs::Map(map) => {
            let entries = map.map.iter().map(|(key, value)| (ours(key), ours(value)));
            Term::Map(etf::Map::new(entries.collect()).unwrap())
        }
        opaque => {
            let mut bytes = Vec::new();
            opaque.encode(&mut bytes).unwrap();
            etf::from_slice::<Term<'_>>(&bytes).unwrap().into_owned()
        }
    }
}

/// Whether there is a list of integers below 256, and one of them below 0: `eetf` 0.12 writes it as bytes.
fn is_broken(term: &Term<'_>) -> bool {
    match term {
        Term::List(list) => {
            list.iter().any(is_broken)
                || list.iter().all(|element| element.as_integer().is_some_and(|value| value < 256))
        }
        Term::Tuple(list) => list.iter().any(is_broken),
        Term::ImproperList(list) => list.0.iter().any(is_broken) || is_broken(&list.1),
        Term::Map(map) => map.entries().any(|(key, value)| is_broken(key) || is_broken(value)),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn eetf_reads_what_is_written(term in terms()) {
        let read = Theirs::decode(&*etf::to_vec(&term).unwrap()).unwrap();
        prop_assert_eq!(ours(&read), term);
    }

    #[test]
    fn what_eetf_writes_is_read(term in terms().prop_filter("a list that eetf gets wrong", |term| !is_broken(term))) {
        let mut bytes = Vec::new();
        theirs(&term).encode(&mut bytes).unwrap();
        prop_assert_eq!(etf::from_slice::<Term<'_>>(&bytes).unwrap(), term);
    }
}
