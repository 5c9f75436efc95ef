//! Terms of Erlang and Elixir, in their external term format, by [serde].
//!
//! What a service is sent, it reads with [`Request::term`](crate::Request::term); what it answers, it writes with
//! [`Reply::term`](crate::Reply::term). Both are [`from_slice`] and [`to_vec`].
//!
//! ```
//! use linkspan::etf;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Deserialize, Serialize)]
//! struct Order<'a> {
//!     item: &'a str,
//!     count: u32,
//!     price: Option<f64>,
//! }
//!
//! // #{item => <<"tea">>, count => 2, price => nil}
//! let bytes = b"\x83t\0\0\0\x03w\x04itemm\0\0\0\x03teaw\x05counta\x02w\x05pricew\x03nil";
//! let order: Order = etf::from_slice(bytes)?; // `item` borrows from `bytes`
//! assert_eq!(order, Order { item: "tea", count: 2, price: None });
//! assert_eq!(etf::to_vec(&order)?, bytes);
//!
//! // Errors say where, what was expected, and what came.
//! let bytes = b"\x83t\0\0\0\x02w\x04itemm\0\0\0\x03teaw\x05countw\x03two";
//! let error = etf::from_slice::<Order>(bytes).unwrap_err();
//! assert_eq!(error.to_string(), "count (byte 27): expected an integer (u32), got the atom two");
//! # Ok::<(), etf::Error>(())
//! ```
//!
//! # Which type is which term
//!
//! As in `rustler::serde`, with the exceptions marked by a star.
//!
//! | in Rust | written as | also read from |
//! |---|---|---|
//! | `bool` | `true`, `false` | |
//! | `i8` to `i128`, `u8` to `u128`, [`BigInt`] | integer | |
//! | `f32`, `f64` | float; never one that is not finite | not from an integer |
//! | `&str`, `String` | binary, in UTF-8 | |
//! | [`Binary`], `serde_bytes` | binary | |
//! | [`BitBinary`] | bit string | binary |
//! | [`Atom`] | atom | |
//! | `char` | list of one integer | |
//! | `Option<T>` | `nil`, or `T` | `undefined`* |
//! | `()`, `struct Unit;` | `nil` | |
//! | `Result<T, E>` | `{ok, T}`, `{error, E}` | |
//! | `Vec<T>` and other sequences | list | binary, as integers |
//! | `(A, B)`, `[T; 2]` | tuple | |
//! | `HashMap<K, V>` and other maps | map | |
//! | `struct S { a: A }` | `#{a => A}`* | keys that are binaries; others are ignored, `'__struct__'` always |
//! | the same, `#[serde(rename = "Elixir.My.S")]` | `#{'__struct__' => 'Elixir.My.S', a => A}` | as above |
//! | the same, `#[serde(rename = "#s")]` | `{s, A}`: a record* | |
//! | the same, `#[serde(rename = "{}")]` | `{A}`* | |
//! | `struct N(T);` | `{'N', T}`; with `#[serde(transparent)]` `T` | |
//! | `struct P(A, B);` | `{'P', A, B}` | |
//! | `enum E { V }` | `'V'` | binary |
//! | `enum E { V(T) }`, `enum E { V(A, B) }` | `{'V', T}`, `{'V', A, B}` | |
//! | `enum E { V { a: A } }` | `{'V', #{a => A}}`* | |
//! | [`Term`] | any term | |
//! | [`Opaque`] | pid, reference, port or fun: byte for byte as it came | |
//!
//! `#[serde(rename_all = "snake_case")]` makes atoms of variants what Erlang expects. A type of one's own that holds
//! [`Atom`]`<'a>` or another of these says `#[serde(borrow)]` at the field, as serde asks for.
//!
//! ```
//! use linkspan::etf;
//! use serde::Serialize;
//!
//! #[derive(Serialize)]
//! #[serde(rename = "#point")]
//! struct Point {
//!     x: i64,
//!     y: i64,
//! }
//!
//! assert_eq!(etf::to_vec(&Point { x: 1, y: 2 })?, b"\x83h\x03w\x05pointa\x01a\x02"); // {point, 1, 2}
//! # Ok::<(), etf::Error>(())
//! ```
//!
//! What serde reads without knowing its type (`#[serde(flatten)]`, `untagged`, `tag`) it is told as it is: `nil` and
//! `undefined` as nothing, other atoms as strings, tuples as sequences. Pids and their like cannot be told so.
//!
//! # The same value, the same bytes
//!
//! Integers, atoms and lists are written in their shortest form (a list of bytes as a string, as the VM does), atoms in
//! UTF-8. Maps are sorted by the bytes of their keys; fields of structs are in the order of their declaration. A [`Term`]
//! is written as the same bytes whichever of several forms it was read from, unless it has an [`Opaque`] in it.
//!
//! # What comes from outside
//!
//! Nothing that is read makes an atom. Nothing is allocated because a length says so: what is kept is bounded by what
//! came. Lists, tuples and maps may be in each other up to a [limit](Limits) of depth, 128 unless said otherwise, and
//! what is ignored is skipped without recursion. Bytes after the term are an error, and so is a map of which a key is
//! there twice, in a [`Term`]. Compressed terms are refused: a few bytes of one can stand for gigabytes, and nothing is
//! won by compressing what does not leave the machine.
mod atom;
mod binary;
mod de;
mod dynamic;
mod error;
mod integer;
mod limits;
mod map;
mod names;
mod opaque;
mod reader;
mod ser;
mod shape;
mod tag;
mod term;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use self::atom::Atom;
pub use self::binary::{Binary, BitBinary};
pub use self::de::Deserializer;
pub use self::error::{Error, Reason};
pub use self::integer::BigInt;
pub use self::limits::Limits;
pub use self::map::Map;
pub use self::opaque::{Kind, Opaque};
pub use self::ser::Serializer;
pub use self::term::Term;

/// Reads the term that `bytes` are. What `T` borrows, it borrows from them.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Error> {
    from_slice_with(bytes, Limits::DEFAULT)
}

/// Reads the term that `bytes` are, within other limits than the [default](Limits::DEFAULT).
pub fn from_slice_with<'de, T: Deserialize<'de>>(bytes: &'de [u8], limits: Limits) -> Result<T, Error> {
    let mut deserializer = Deserializer::new(bytes, limits)?;
    // Behind the version byte.
    let value = T::deserialize(&mut deserializer).map_err(|error| error.at(1))?;
    deserializer.end()?;
    Ok(value)
}

/// Writes `value` as a term.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let mut serializer = Serializer::new(Vec::with_capacity(64));
    value.serialize(&mut serializer)?;
    Ok(serializer.into_vec())
}

/// Writes `value` as a term that can be shared.
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, Error> {
    to_vec(value).map(Bytes::from)
}

/// Writes `value` as a term to `writer`, in one piece: nothing is written if it has no form as a term.
pub fn to_writer<T: Serialize + ?Sized>(mut writer: impl std::io::Write, value: &T) -> Result<(), Error> {
    writer.write_all(&to_vec(value)?).map_err(|error| Reason::Io(error).into())
}
