//! Terms of Erlang and Elixir in the external term format, by [serde].
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
