//! What is refused, and in which words.

use std::collections::BTreeMap;

use linkspan::etf::{self, Atom, Limits, Reason, Term};
use serde::{Deserialize, Serialize};

use crate::versioned;

fn why<'de, T: Deserialize<'de> + std::fmt::Debug>(bytes: &'de [u8]) -> String {
    etf::from_slice::<T>(bytes).unwrap_err().to_string()
}

fn why_not<T: Serialize>(value: T) -> String {
    etf::to_vec(&value).unwrap_err().to_string()
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    name: String,
    ages: Vec<u8>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code)] // never read, since all of them are refused
enum Choice {
    One,
    Two(u8),
    Three(u8, u8),
}

#[test]
fn another_kind_of_term_than_expected() {
    assert_eq!(why::<i64>(b"\x83m\0\0\0\x01x"), "byte 1: expected an integer (i64), got a binary");
    assert_eq!(why::<i64>(b"\x83w\x03abc"), "byte 1: expected an integer (i64), got the atom abc");
    assert_eq!(why::<u8>(b"\x83b\0\0\x01\x2c"), "byte 1: expected an integer (u8), got the integer 300");
    assert_eq!(why::<u8>(b"\x83b\xff\xff\xff\xff"), "byte 1: expected an integer (u8), got the integer -1");
    assert_eq!(why::<u128>(b"\x83n\x02\x01\xff\xff"), "byte 1: expected an integer (u128), got the integer -65535");
    assert_eq!(why::<f64>(b"\x83a\x05"), "byte 1: expected a float, got the integer 5");
    assert_eq!(why::<bool>(b"\x83w\x03nil"), "byte 1: expected true or false, got the atom nil");
    assert_eq!(why::<()>(b"\x83h\x03jjj"), "byte 1: expected nil, got a tuple of 3");
    assert_eq!(why::<String>(b"\x83k\0\x01a"), "byte 1: expected a string (binary in UTF-8), got a list");
    assert_eq!(
        why::<&str>(b"\x83m\0\0\0\x01\xff"),
        "byte 1: expected a string (binary in UTF-8), got a binary that is not UTF-8"
    );
    assert_eq!(why::<Atom<'_>>(b"\x83m\0\0\0\x02ok"), "byte 1: expected an atom, got a binary");
    assert_eq!(why::<Vec<u8>>(b"\x83t\0\0\0\0"), "byte 1: expected a list, got a map");
    assert_eq!(why::<(u8, u8)>(b"\x83h\x01a\x01"), "byte 1: expected a tuple of 2, got a tuple of 1");
    assert_eq!(why::<Vec<f64>>(b"\x83k\0\x02\x01\x02"), "byte 1: expected a float, got the integer 1");
    assert_eq!(why::<char>(b"\x83k\0\x02ab"), "byte 1: expected a list of one character, got a list");
    assert_eq!(why::<etf::Opaque<'_>>(b"\x83j"), "byte 1: expected a pid, reference, port or fun, got an empty list");
}

#[test]
fn the_path_leads_to_what_is_wrong() {
    let ages = b"\x83t\0\0\0\x02w\x04namem\0\0\0\0w\x04agesl\0\0\0\x02a\x01w\x01xj";
    assert_eq!(why::<User>(ages), "ages[1] (byte 30): expected an integer (u8), got the atom x");
    let nested = b"\x83h\x02a\x01t\0\0\0\x01m\0\0\0\x01al\0\0\0\x01jj";
    let error = etf::from_slice::<(u8, BTreeMap<String, Vec<u8>>)>(nested).unwrap_err();
    assert_eq!(error.path(), "[1].a[0]");
    assert_eq!(error.offset(), Some(21));
    assert_eq!(error.to_string(), "[1].a[0] (byte 21): expected an integer (u8), got an empty list");
    assert_eq!(
        why::<BTreeMap<u8, u8>>(b"\x83t\0\0\0\x01a\x01j"),
        "[_] (byte 8): expected an integer (u8), got an empty list"
    );
}

#[test]
fn fields_and_variants_are_named() {
    assert_eq!(why::<User>(b"\x83t\0\0\0\0"), "byte 1: the field name is missing");
    assert_eq!(why::<User>(b"\x83t\0\0\0\x01w\x03agej"), "byte 6: there is no field age, only name, ages");
    let twice = b"\x83t\0\0\0\x02w\x04namem\0\0\0\0m\0\0\0\x04namem\0\0\0\0";
    assert_eq!(why::<User>(twice), "byte 1: the field name is there twice");
    assert_eq!(why::<Choice>(b"\x83w\x04four"), "byte 1: expected one of one, two, three, got four");
    assert_eq!(why::<Choice>(b"\x83w\x03two"), "byte 1: expected a tuple of 2 that begins with two, got the atom two");
    assert_eq!(why::<Choice>(b"\x83h\x02w\x03onea\x01"), "byte 1: expected the atom one, got a tuple of 2");
    assert_eq!(why::<Choice>(b"\x83h\x02w\x03twoj"), "[1] (byte 8): expected an integer (u8), got an empty list");
    let three = "byte 1: expected a tuple of 3 that begins with three, got a tuple of 2";
    assert_eq!(why::<Choice>(b"\x83h\x02w\x05threea\x01"), three);
    assert_eq!(
        why::<Choice>(b"\x83h\0"),
        "byte 1: expected an atom, or a tuple that begins with one, got a tuple of 0"
    );
    assert_eq!(
        why::<Result<u8, u8>>(b"\x83w\x02ok"),
        "byte 1: expected a tuple of 2 that begins with ok, got the atom ok"
    );
}

#[test]
fn what_is_no_term() {
    assert_eq!(why::<Term<'_>>(b""), "byte 0: the term is cut off");
    assert_eq!(why::<Term<'_>>(b"\x82j"), "byte 0: unknown version 130 of the external term format, expected 131");
    assert_eq!(why::<Term<'_>>(b"\x83\x01"), "byte 1: unknown tag 1");
    assert_eq!(why::<u8>(b"\x83h\x01R\0"), "byte 1: expected an integer (u8), got a tuple of 1");
    assert_eq!(why::<(u8,)>(b"\x83h\x01R\0"), "[0] (byte 3): unknown tag 82");
    assert_eq!(why::<Term<'_>>(b"\x83P\0\0\0\x02x"), "byte 1: compressed terms are not taken");
    assert_eq!(why::<u8>(b"\x83P\0\0\0\x02x"), "byte 1: compressed terms are not taken");
    assert_eq!(why::<u8>(b"\x83a\x01jj"), "byte 3: 2 bytes after the term");
    assert_eq!(why::<Term<'_>>(b"\x83w\x01\xff"), "byte 4: malformed term: the name of an atom is not UTF-8");
    assert_eq!(why::<Term<'_>>(b"\x83F\x7f\xf0\0\0\0\0\0\0"), "byte 10: malformed term: a float is not finite");
    assert!(why::<Term<'_>>(b"\x83M\0\0\0\x01\x09\x01").contains("bit string"));
    assert!(why::<Term<'_>>(b"\x83M\0\0\0\x01\0\x01").contains("bit string"));
    let long = versioned(&[b"d\x01\0", &[b'a'; 256][..]].concat());
    assert!(why::<Term<'_>>(&long).ends_with("more than 255 characters"));
    assert_eq!(why::<Term<'_>>(b"\x83t\0\0\0\x02a\x01jb\0\0\0\x01j"), "byte 1: a map has a key twice");
}

#[test]
fn improper_lists_are_no_sequences() {
    assert_eq!(why::<Vec<u8>>(b"\x83l\0\0\0\x01a\x01a\x02"), "byte 8: expected the end of a list, got the integer 2");
}

#[test]
fn limits_are_kept() {
    let list = |levels: usize| versioned(&[b"l\0\0\0\x01".repeat(levels), b"j".repeat(levels + 1)].concat());
    let limits = Limits::DEFAULT.depth(3);
    assert!(etf::from_slice_with::<Term<'_>>(&list(3), limits).is_ok());
    let error = etf::from_slice_with::<Term<'_>>(&list(4), limits).unwrap_err();
    assert!(matches!(error.reason(), Reason::TooDeep(3)));
    assert_eq!(error.to_string(), "[0][0][0] (byte 21): nested deeper than 3 levels");
    let error = etf::from_slice_with::<Term<'_>>(b"\x83a\x01", Limits::DEFAULT.size(2)).unwrap_err();
    assert_eq!(error.to_string(), "3 bytes, more than the limit of 2");
}

#[test]
fn what_has_no_form_as_a_term() {
    #[derive(Serialize)]
    #[serde(rename = "#r")]
    struct Record {
        #[serde(skip_serializing_if = "Option::is_none")]
        x: Option<u8>,
    }
    assert_eq!(why_not(f64::NAN), "a float is not finite");
    assert_eq!(why_not((1, [f32::INFINITY])), "[1][0]: a float is not finite");
    assert_eq!(why_not(Atom::new("a".repeat(256))), "the name of an atom has more than 255 characters");
    assert_eq!(why_not(Record { x: None }), "x: a field of a tuple or record cannot be left out");
    let twice = etf::Map::new(vec![(Term::Atom(Atom::new("a".repeat(256))), 1.into())]).unwrap();
    assert!(why_not(Term::Map(twice)).contains("255"));
}

#[test]
fn nothing_is_written_of_what_cannot_be() {
    let mut out = Vec::new();
    assert!(etf::to_writer(&mut out, &[1.0, f64::NAN]).is_err());
    assert!(out.is_empty());
    etf::to_writer(&mut out, &1).unwrap();
    assert_eq!(out, b"\x83a\x01");
    assert!(matches!(etf::to_writer(&mut [0_u8; 2][..], &1).unwrap_err().reason(), Reason::Io(_)));
}
