//! Random terms: there and back.

use linkspan::etf::{self, Atom, BigInt, Binary, BitBinary, Limits, Map, Opaque, Term};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// A term that is no list, tuple or map.
fn leaf() -> impl Strategy<Value = Term<'static>> {
    let opaque = prop_oneof![
        Just(&b"\x83Xw\x01n\0\0\0\x01\0\0\0\x02\0\0\0\x03"[..]),
        Just(&b"\x83xw\x01n\0\0\0\x01\0\0\0\x02\0\0\0\x03"[..]),
        Just(&b"\x83Z\0\x02w\x01n\0\0\0\x03\0\0\0\x01\0\0\0\x02"[..]),
        Just(&b"\x83qw\x01mw\x01fa\x02"[..]),
    ];
    prop_oneof![
        any::<i64>().prop_map(Term::Integer),
        (-300_i64..300).prop_map(Term::Integer),
        (any::<bool>(), vec(any::<u8>(), 0..300)).prop_map(|(negative, bytes)| BigInt::new(negative, bytes).into()),
        // 0.0 and -0.0 are one key to `eetf` and to the VM before OTP 27, and two to others.
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| Term::Float(value + 0.0)),
        "\\PC{0,255}".prop_map(|name| Term::Atom(Atom::new(name))),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Term::Binary(Binary::from(bytes))),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Term::ByteList(Binary::from(bytes))),
        (vec(any::<u8>(), 1..40), 1_usize..8).prop_map(|(bytes, unused)| {
            let bits = bytes.len() * 8 - unused;
            Term::BitBinary(Box::new(BitBinary::new(bytes, bits).unwrap()))
        }),
        opaque.prop_map(|bytes| Term::Opaque(etf::from_slice::<Opaque<'_>>(bytes).unwrap())),
    ]
}

/// A map; of keys that are there twice one is kept.
fn map(entries: Vec<(Term<'static>, Term<'static>)>) -> Term<'static> {
    let mut kept: Vec<(Term<'static>, Term<'static>)> = Vec::new();
    for entry in entries {
        if kept.iter().all(|other| etf::to_vec(&other.0).unwrap() != etf::to_vec(&entry.0).unwrap()) {
            kept.push(entry);
        }
    }
    Term::Map(Map::new(kept).unwrap())
}

pub fn terms() -> impl Strategy<Value = Term<'static>> {
    leaf().prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Term::List),
            vec(inner.clone(), 0..8).prop_map(Term::Tuple),
            (vec(inner.clone(), 1..8), leaf().prop_filter("no list", |tail| !matches!(tail, Term::ByteList(_))))
                .prop_map(|(elements, tail)| Term::ImproperList(Box::new((elements, tail)))),
            vec((inner.clone(), inner), 0..8).prop_map(map),
        ]
    })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Typed {
    Unit,
    One(Option<Box<Typed>>),
    Two(u64, i128),
    Fields { text: String, list: Vec<Typed>, tuple: (i8, u32, bool), result: Result<char, f64> },
}

fn typed() -> impl Strategy<Value = Typed> {
    let leaf = prop_oneof![
        Just(Typed::Unit),
        Just(Typed::One(None)),
        (any::<u64>(), any::<i128>()).prop_map(|(a, b)| Typed::Two(a, b)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let result = prop_oneof![any::<char>().prop_map(Ok), (-1e300..1e300).prop_map(Err)];
        prop_oneof![
            // `Some(nil)` could not be told from `None`.
            inner.clone().prop_map(|typed| Typed::One(Some(Box::new(typed)))),
            (".*", vec(inner, 0..6), any::<(i8, u32, bool)>(), result)
                .prop_map(|(text, list, tuple, result)| Typed::Fields { text, list, tuple, result }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_term_is_read_as_it_was_written(term in terms()) {
        let bytes = etf::to_vec(&term).unwrap();
        let read: Term<'_> = etf::from_slice(&bytes).unwrap();
        prop_assert_eq!(&read, &term);
        prop_assert_eq!(&etf::to_vec(&read).unwrap(), &bytes);
        prop_assert_eq!(read.into_owned(), term);
    }

    #[test]
    fn a_typed_value_is_read_as_it_was_written(value in typed()) {
        let bytes = etf::to_vec(&value).unwrap();
        prop_assert_eq!(&etf::from_slice::<Typed>(&bytes).unwrap(), &value);
        // And those who do not know its type write what they read of it as the same value.
        let term: Term<'_> = etf::from_slice(&bytes).unwrap();
        prop_assert_eq!(etf::from_slice::<Typed>(&etf::to_vec(&term).unwrap()).unwrap(), value);
    }

    #[test]
    fn what_is_skipped_is_what_is_read(term in terms()) {
        let bytes = etf::to_vec(&(term, 7)).unwrap();
        let (serde::de::IgnoredAny, seven) = etf::from_slice::<(_, u8)>(&bytes).unwrap();
        prop_assert_eq!(seven, 7);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let bytes = [&[131], &bytes[..]].concat();
        if let Ok(term) = etf::from_slice_with::<Term<'_>>(&bytes, Limits::DEFAULT.depth(32)) {
            let again = etf::to_vec(&term).unwrap();
            prop_assert_eq!(etf::from_slice::<Term<'_>>(&again).unwrap(), term);
        }
    }
}
