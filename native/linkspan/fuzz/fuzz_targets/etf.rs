//! Any bytes, read as a term and as typed ones: refused, or the same term again after writing.
#![no_main]

use std::collections::{BTreeMap, HashMap};

use libfuzzer_sys::fuzz_target;
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
fn check<'a, T: Deserialize<'a> + Serialize>(bytes: &'a [u8]) {
    match etf::from_slice::<T>(bytes) {
        Ok(value) => {
            let written = etf::to_vec(&value).expect("what was read can be written");
            let term: Term<'_> = etf::from_slice(&written).expect("what was written is a term");
            assert_eq!(etf::from_slice::<Term<'_>>(&etf::to_vec(&term).expect("a term")).expect("a term"), term);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fuzz_target!(|bytes: &[u8]| {
    // The version byte is no riddle.
    let bytes = &[&[131], bytes].concat();
    if let Ok(term) = etf::from_slice::<Term<'_>>(bytes) {
        let written = etf::to_vec(&term).expect("what was read can be written");
        assert_eq!(etf::from_slice::<Term<'_>>(&written).expect("what was written is a term"), term);
        etf::from_slice::<IgnoredAny>(bytes).expect("what can be read can be skipped");
    }
    check::<Fields<'_>>(bytes);
    check::<Choice>(bytes);
    check::<Record<'_>>(bytes);
    check::<Any>(bytes);
    check::<BigInt<'_>>(bytes);
    check::<BitBinary<'_>>(bytes);
    check::<Opaque<'_>>(bytes);
    check::<Vec<u8>>(bytes);
    check::<Vec<Option<u16>>>(bytes);
});
