//! Binaries and bit strings.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::names;
use super::tag;

/// A binary. It borrows its bytes from those it was read from. A `Vec<u8>` would be written as a list.
///
/// ```
/// use linkspan::etf::{self, Binary};
/// assert_eq!(etf::to_vec(&Binary::from(b"\xff"))?, b"\x83m\0\0\0\x01\xff");
/// assert_eq!(*etf::from_slice::<Binary>(b"\x83m\0\0\0\x01\xff")?, [0xff]);
/// # Ok::<(), etf::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Binary<'a>(Cow<'a, [u8]>);

impl Binary<'_> {
    /// The same, owning its bytes.
    pub fn into_owned(self) -> Binary<'static> {
        Binary(Cow::Owned(self.0.into_owned()))
    }

    /// Its bytes.
    pub fn into_vec(self) -> Vec<u8> {
        self.0.into_owned()
    }
}

impl Deref for Binary<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<'a> From<&'a [u8]> for Binary<'a> {
    #[inline]
    fn from(bytes: &'a [u8]) -> Self {
        Binary(Cow::Borrowed(bytes))
    }
}

impl<'a> From<Binary<'a>> for Cow<'a, [u8]> {
    #[inline]
    fn from(bytes: Binary<'a>) -> Self {
        bytes.0
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Binary<'a> {
    #[inline]
    fn from(bytes: &'a [u8; N]) -> Self {
        Binary(Cow::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Binary<'_> {
    #[inline]
    fn from(bytes: Vec<u8>) -> Self {
        Binary(Cow::Owned(bytes))
    }
}

impl<'a> From<&'a str> for Binary<'a> {
    #[inline]
    fn from(text: &'a str) -> Self {
        Binary::from(text.as_bytes())
    }
}

impl Serialize for Binary<'_> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Binary<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BytesVisitor).map(Binary)
    }
}

/// Takes bytes, borrowed if they can be.
pub(super) struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Cow<'de, [u8]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a binary")
    }

    #[inline]
    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(bytes))
    }

    #[inline]
    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Cow::Owned(bytes.to_vec()))
    }

    #[inline]
    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Self::Value, E> {
        Ok(Cow::Owned(bytes))
    }
}

/// A bit string: bytes of which the last one is not used whole. Bits are counted from the most significant.
///
/// ```
/// use linkspan::etf::{self, BitBinary};
/// let bits: BitBinary = etf::from_slice(b"\x83M\0\0\0\x02\x03\xff\xa0")?; // <<255, 5:3>>
/// assert_eq!((bits.bytes(), bits.bits()), (&[0xff, 0xa0][..], 11));
/// # Ok::<(), etf::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BitBinary<'a> {
    bytes: Cow<'a, [u8]>,
    last: u8,
}

impl<'a> BitBinary<'a> {
    /// The first `bits` bits of `bytes`. `None`: there are not so many, or whole bytes more.
    pub fn new(bytes: impl Into<Cow<'a, [u8]>>, bits: usize) -> Option<Self> {
        let bytes = bytes.into();
        let unused = (bytes.len() * 8).checked_sub(bits)?;
        if unused > 7 {
            return None;
        }
        let last = if bytes.is_empty() { 0 } else { 8 - unused as u8 };
        Some(BitBinary { bytes, last })
    }

    /// Its bytes; in the last one, bits beyond [`bits`](Self::bits) say nothing, and are written as zeros.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bits it has.
    pub fn bits(&self) -> usize {
        (self.bytes.len() * 8).saturating_sub(8 - usize::from(self.last))
    }

    /// The same, owning its bytes.
    pub fn into_owned(self) -> BitBinary<'static> {
        BitBinary { bytes: Cow::Owned(self.bytes.into_owned()), last: self.last }
    }

    /// The whole bytes, and the last one, with nothing in the bits that are not used.
    fn parts(&self) -> Option<(&[u8], u8)> {
        let (last, whole) = self.bytes.split_last()?;
        Some((whole, last & (0xff << (8 - self.last))))
    }
}

impl PartialEq for BitBinary<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.last, self.parts()) == (other.last, other.parts())
    }
}

impl Eq for BitBinary<'_> {}

impl Serialize for BitBinary<'_> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Ok(length) = u32::try_from(self.bytes.len()) else {
            return Err(serde::ser::Error::custom("a bit string is too long"));
        };
        let mut raw = Vec::with_capacity(6 + self.bytes.len());
        raw.push(tag::BIT_BINARY);
        raw.extend_from_slice(&length.to_be_bytes());
        raw.push(self.last);
        if let Some((whole, last)) = self.parts() {
            raw.extend_from_slice(whole);
            raw.push(last);
        }
        serializer.serialize_newtype_struct(names::RAW, &Binary::from(raw))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for BitBinary<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(names::BIT_BINARY, BitsVisitor)
    }
}

/// Takes the number of bits in the last byte, and the bytes.
pub(super) struct BitsVisitor;

impl<'de> Visitor<'de> for BitsVisitor {
    type Value = BitBinary<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bit string")
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let (Some(last), Some(bytes)) = (parts.next_element::<u8>()?, parts.next_element::<Binary<'de>>()?) else {
            return Err(de::Error::custom("a bit string is a number of bits and bytes"));
        };
        let unused = 8_usize.checked_sub(last.into());
        let bits = unused.and_then(|unused| (bytes.len() * 8).checked_sub(if bytes.is_empty() { 0 } else { unused }));
        let bits = bits.and_then(|bits| BitBinary::new(bytes.0, bits));
        bits.ok_or_else(|| de::Error::custom("a bit string has more bits than bytes"))
    }
}
