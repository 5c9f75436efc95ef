//! Any bytes, read as a term and as typed ones: refused, or the same term again after writing.

use std::collections::{BTreeMap, HashMap};

use linkspan::etf::{self, Atom, BigInt, Binary, BitBinary, Opaque, Term};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    a: Option<Atom<'a>>,
    b: Result<Vec<(u8, i128)>, char>,
    c: BTreeMap<String, Choice>,
    #[serde(borrow)]
    d: Binary<'a>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Choice {
    One,
    Two(f32),
    Three(u64, bool),
    Four { x: Vec<Choice> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "#record")]
struct Record<'a> {
    a: &'a str,
    b: f64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Any {
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Any>),
    Map(HashMap<String, Any>),
}

/// What was read is read again from what it is written as.
fn again<'a, T: Deserialize<'a> + Serialize>(bytes: &'a [u8]) {
    match etf::from_slice::<T>(bytes) {
        Ok(value) => {
            let written = etf::to_vec(&value).expect("what was read can be written");
            let term: Term<'_> = etf::from_slice(&written).expect("what was written is a term");
            assert_eq!(etf::from_slice::<Term<'_>>(&etf::to_vec(&term).expect("a term")).expect("a term"), term);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Terms, and many types.
pub fn check(bytes: &[u8]) -> bool {
    // The version byte is no riddle.
    let bytes = &[&[131], bytes].concat();
    let taken = etf::from_slice::<Term<'_>>(bytes);
    if let Ok(term) = &taken {
        let written = etf::to_vec(term).expect("what was read can be written");
        assert_eq!(etf::from_slice::<Term<'_>>(&written).expect("what was written is a term"), *term);
        etf::from_slice::<IgnoredAny>(bytes).expect("what can be read can be skipped");
    }
    again::<Fields<'_>>(bytes);
    again::<Choice>(bytes);
    again::<Record<'_>>(bytes);
    again::<Any>(bytes);
    again::<BigInt<'_>>(bytes);
    again::<BitBinary<'_>>(bytes);
    again::<Opaque<'_>>(bytes);
    again::<Vec<u8>>(bytes);
    again::<Vec<Option<u16>>>(bytes);
    taken.is_ok()
}
