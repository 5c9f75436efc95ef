//! Names of newtypes by which the types of this module recognise its serializer and deserializer. What the data model
//! of serde has no words for goes under them. To other formats they are plain newtypes.

pub const ATOM: &str = "$linkspan::etf::Atom";
pub const BIG_INT: &str = "$linkspan::etf::BigInt";
pub const BIT_BINARY: &str = "$linkspan::etf::BitBinary";
pub const BYTE_LIST: &str = "$linkspan::etf::ByteList";
pub const IMPROPER_LIST: &str = "$linkspan::etf::ImproperList";
pub const OPAQUE: &str = "$linkspan::etf::Opaque";
/// Bytes that are a whole term, tag included.
pub const RAW: &str = "$linkspan::etf::Raw";
/// A map whose entries come in the order they are written in.
pub const SORTED_MAP: &str = "$linkspan::etf::SortedMap";
pub const TERM: &str = "$linkspan::etf::Term";

/// What kind of term comes as a variant of [`TERM`], since it has no visit of its own.
pub mod kind {
    pub const BYTE_LIST: u8 = 0;
    pub const LIST: u8 = 1;
    pub const TUPLE: u8 = 2;
    pub const BIG_INT: u8 = 3;
    pub const BIT_BINARY: u8 = 4;
    pub const OPAQUE: u8 = 5;
}
