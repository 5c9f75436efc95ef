//! Which term a type of Rust is.

use std::collections::{BTreeMap, HashMap};

use linkspan::etf::{self, Atom, BigInt, Binary, Opaque, Term};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::versioned;

/// `value` is written as `bytes`, and read from them.
fn is<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T, bytes: &[u8]) {
    let bytes = versioned(bytes);
    assert_eq!(etf::to_vec(&value).unwrap().escape_ascii().to_string(), bytes.escape_ascii().to_string());
    reads(&bytes[1..], value);
}

fn reads<T: DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8], value: T) {
    match etf::from_slice::<T>(&versioned(bytes)) {
        Ok(read) => assert_eq!(read, value),
        Err(error) => panic!("{}: {error}", bytes.escape_ascii()),
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i64,
    y: Option<i64>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "{}")]
struct Tuple {
    x: i64,
    y: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "#point")]
struct Record {
    x: i64,
    y: Option<Box<Record>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Elixir.P")]
struct Struct {
    x: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    Empty,
    Circle(f64),
    Line(Point, Point),
    Rect { w: u8, h: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Metres(u8);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Feet(u8);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Rgb(u8, u8, u8);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[test]
fn scalars() {
    is(true, b"w\x04true");
    is(1.5_f64, b"F\x3f\xf8\0\0\0\0\0\0");
    is(1.5_f32, b"F\x3f\xf8\0\0\0\0\0\0");
    is(u64::MAX, b"n\x08\0\xff\xff\xff\xff\xff\xff\xff\xff");
    is(-1_i8, b"b\xff\xff\xff\xff");
    is('A', b"k\0\x01A");
    is("hé".to_string(), b"m\0\0\0\x03h\xc3\xa9");
    is((), b"w\x03nil");
    is(Unit, b"w\x03nil");
    is(serde_bytes::ByteBuf::from([1, 2]), b"m\0\0\0\x02\x01\x02");
}

#[test]
fn nothing_is_nil_and_undefined_is_nothing() {
    is(None::<i64>, b"w\x03nil");
    is(Some(7_i64), b"a\x07");
    reads(b"w\x09undefined", None::<i64>);
    reads(b"d\0\x03nil", None::<i64>);
    assert_eq!(etf::from_slice::<Option<Atom<'_>>>(b"\x83w\x03nul").unwrap().unwrap(), "nul");
}

#[test]
fn results_are_ok_and_error() {
    is(Ok::<u8, String>(7), b"h\x02w\x02oka\x07");
    is(Err::<u8, Option<bool>>(Some(true)), b"h\x02w\x05errorw\x04true");
    is(Ok::<(), u8>(()), b"h\x02w\x02okw\x03nil");
}

#[test]
fn enums_are_atoms_and_tuples_that_begin_with_one() {
    is(Shape::Empty, b"w\x05empty");
    is(Shape::Circle(1.5), b"h\x02w\x06circleF\x3f\xf8\0\0\0\0\0\0");
    is(Shape::Rect { w: 1, h: 2 }, b"h\x02w\x04rectt\0\0\0\x02w\x01wa\x01w\x01ha\x02");
    let point = b"t\0\0\0\x02w\x01xa\x01w\x01yw\x03nil";
    let one = || Point { x: 1, y: None };
    is(Shape::Line(one(), one()), &[&b"h\x03w\x04line"[..], point, point].concat());
    reads(b"m\0\0\0\x05empty", Shape::Empty);
}

#[test]
fn structs_are_maps_unless_their_name_says_otherwise() {
    is(Point { x: 1, y: Some(2) }, b"t\0\0\0\x02w\x01xa\x01w\x01ya\x02");
    is(Tuple { x: 1, y: 2 }, b"h\x02a\x01a\x02");
    let inner = Record { x: 2, y: None };
    is(Record { x: 1, y: Some(Box::new(inner)) }, b"h\x03w\x05pointa\x01h\x03w\x05pointa\x02w\x03nil");
    is(Struct { x: 1 }, b"t\0\0\0\x02w\x0a__struct__w\x08Elixir.Pw\x01xa\x01");
}

#[test]
fn fields_may_be_binaries_and_latin1_and_more_than_needed() {
    reads(b"t\0\0\0\x01m\0\0\0\x01xa\x01", Point { x: 1, y: None });
    reads(b"t\0\0\0\x02s\x01zjd\0\x01xa\x01", Point { x: 1, y: None });
}

#[test]
fn the_name_of_an_elixir_struct_is_no_field() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        x: i64,
    }
    for key in [&b"w\x0a__struct__"[..], b"d\0\x0a__struct__", b"s\x0a__struct__", b"v\0\x0a__struct__"] {
        reads(&[b"t\0\0\0\x02", key, b"w\x08Elixir.Pw\x01xa\x01"].concat(), Strict { x: 1 });
        reads(&[b"t\0\0\0\x02w\x01xa\x01", key, b"w\x08Elixir.P"].concat(), Strict { x: 1 });
    }
}

#[test]
fn structs_without_field_names_begin_with_their_own() {
    is(Metres(7), b"h\x02w\x06Metresa\x07");
    is(Feet(7), b"a\x07");
    is(Rgb(1, 2, 3), b"h\x04w\x03Rgba\x01a\x02a\x03");
}

#[test]
fn sequences_are_lists_and_tuples_are_tuples() {
    is(vec![256_u16, 1], b"l\0\0\0\x02b\0\0\x01\0a\x01j");
    is(vec![1_u8, 2], b"k\0\x02\x01\x02");
    is(Vec::<String>::new(), b"j");
    is((1_u8, "a".to_string()), b"h\x02a\x01m\0\0\0\x01a");
    is([1.5_f64], b"h\x01F\x3f\xf8\0\0\0\0\0\0");
    // Strings of Erlang, and binaries, are lists of integers of any kind.
    reads(b"k\0\x02\x01\x02", vec![Some(1_i64), Some(2)]);
    assert_eq!(etf::from_slice::<Vec<BigInt<'_>>>(b"\x83k\0\x01\x01").unwrap(), [BigInt::from(1_i128)]);
    reads(b"l\0\0\0\x01a\x01j", vec![1_u8]);
    reads(b"m\0\0\0\x02\x01\x02", vec![1_u8, 2]);
}

#[test]
fn maps_are_sorted_by_the_bytes_of_their_keys() {
    let map: HashMap<String, u8> = ["b", "a", "aa"].iter().zip(1..).map(|(key, n)| (key.to_string(), n)).collect();
    is(map, b"t\0\0\0\x03m\0\0\0\x01aa\x02m\0\0\0\x01ba\x01m\0\0\0\x02aaa\x03");
    let nested: BTreeMap<Vec<u16>, BTreeMap<i32, ()>> =
        [(vec![1], [(-1, ()), (1, ())].into()), (vec![], BTreeMap::new())].into();
    is(nested, b"t\0\0\0\x02jt\0\0\0\0k\0\x01\x01t\0\0\0\x02a\x01w\x03nilb\xff\xff\xff\xffw\x03nil");
}

#[test]
fn terms_stand_where_types_do() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Call<'a> {
        #[serde(borrow)]
        body: Binary<'a>,
        #[serde(borrow)]
        from: Opaque<'a>,
        #[serde(borrow)]
        rest: Vec<Term<'a>>,
    }
    let bytes =
        b"\x83t\0\0\0\x03w\x04bodym\0\0\0\x01xw\x04fromgw\x01n\0\0\0\x01\0\0\0\x02\x03w\x04restl\0\0\0\x02h\0jj";
    let call: Call<'_> = etf::from_slice(bytes).unwrap();
    assert_eq!(call.rest, [Term::Tuple(vec![]), Term::List(vec![])]);
    assert_eq!(etf::to_vec(&call).unwrap(), bytes);
}

#[test]
fn what_has_no_type_is_told_by_the_term() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Any {
        Bool(bool),
        Integer(i64),
        Float(f64),
        Text(String),
        List(Vec<Any>),
        Map(BTreeMap<String, Any>),
        Nothing(()),
    }
    reads(b"w\x05false", Any::Bool(false));
    reads(b"w\x09undefined", Any::Nothing(()));
    reads(b"w\x02ok", Any::Text("ok".into()));
    reads(b"k\0\x01\x07", Any::List(vec![Any::Integer(7)]));
    reads(b"h\x01F\x3f\xf8\0\0\0\0\0\0", Any::List(vec![Any::Float(1.5)]));
    reads(b"t\0\0\0\x01w\x01am\0\0\0\x01b", Any::Map([("a".into(), Any::Text("b".into()))].into()));

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        a: u8,
        #[serde(flatten)]
        point: Point,
    }
    reads(b"t\0\0\0\x03w\x01aa\x01w\x01xa\x02w\x01ya\x03", Outer { a: 1, point: Point { x: 2, y: Some(3) } });
}
