//! Integers of any size.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::names;
use super::tag;

/// An integer as it was read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Int<'de> {
    Small(i64),
    Big { negative: bool, magnitude: &'de [u8] },
}

impl<'de> Int<'de> {
    /// From sign and magnitude, least significant byte first.
    pub fn new(negative: bool, magnitude: &'de [u8]) -> Self {
        let magnitude = trimmed(magnitude);
        match i128_from(negative, magnitude).map(i64::try_from) {
            Some(Ok(value)) => Int::Small(value),
            _ => Int::Big { negative, magnitude },
        }
    }

    /// As a type of Rust, if it fits.
    #[inline]
    pub fn to<T: TryFrom<i64> + TryFrom<i128> + TryFrom<u128>>(self) -> Option<T> {
        match self {
            Int::Small(value) => T::try_from(value).ok(),
            Int::Big { negative, magnitude } => match i128_from(negative, magnitude) {
                Some(value) => T::try_from(value).ok(),
                None if negative => None,
                None => T::try_from(u128_from(magnitude)?).ok(),
            },
        }
    }
}

fn trimmed(magnitude: &[u8]) -> &[u8] {
    let zeros = magnitude.iter().rev().take_while(|byte| **byte == 0).count();
    &magnitude[..magnitude.len() - zeros]
}

fn u128_from(magnitude: &[u8]) -> Option<u128> {
    let mut bytes = [0; 16];
    bytes.get_mut(..magnitude.len())?.copy_from_slice(magnitude);
    Some(u128::from_le_bytes(bytes))
}

fn i128_from(negative: bool, magnitude: &[u8]) -> Option<i128> {
    let magnitude = u128_from(magnitude)?;
    if negative { 0_i128.checked_sub_unsigned(magnitude) } else { magnitude.try_into().ok() }
}

/// Writes an integer that is out of `i32`, as a big one of as few bytes as possible.
pub(super) fn write_big(out: &mut Vec<u8>, negative: bool, magnitude: &[u8]) -> Result<(), super::Error> {
    let magnitude = trimmed(magnitude);
    match u8::try_from(magnitude.len()) {
        Ok(length) => out.extend_from_slice(&[tag::SMALL_BIG, length, negative.into()]),
        Err(_) => {
            let length =
                u32::try_from(magnitude.len()).map_err(|_| super::Reason::Unencodable("an integer is too large"))?;
            out.push(tag::LARGE_BIG);
            out.extend_from_slice(&length.to_be_bytes());
            out.push(negative.into());
        }
    }
    out.extend_from_slice(magnitude);
    Ok(())
}

/// An integer of any size, as sign and magnitude.
///
/// ```
/// use linkspan::etf::{self, BigInt};
/// let huge = BigInt::new(true, vec![0xff; 40]);
/// let bytes = etf::to_vec(&huge)?;
/// assert_eq!(etf::from_slice::<BigInt>(&bytes)?, huge);
/// assert!(etf::from_slice::<i128>(&bytes).is_err());
/// assert_eq!(etf::from_slice::<BigInt>(&etf::to_vec(&-7)?)?.to_i128(), Some(-7));
/// # Ok::<(), etf::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BigInt<'a> {
    negative: bool,
    magnitude: Cow<'a, [u8]>,
}

impl<'a> BigInt<'a> {
    /// From sign and magnitude, least significant byte first.
    pub fn new(negative: bool, magnitude: impl Into<Cow<'a, [u8]>>) -> Self {
        let mut magnitude = magnitude.into();
        let length = trimmed(&magnitude).len();
        match &mut magnitude {
            Cow::Borrowed(bytes) => *bytes = &bytes[..length],
            Cow::Owned(bytes) => bytes.truncate(length),
        }
        BigInt { negative: negative && length > 0, magnitude }
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Its magnitude, least significant byte first, without leading zeros; empty for zero.
    pub fn magnitude(&self) -> &[u8] {
        &self.magnitude
    }

    /// As an `i128`, if it fits.
    pub fn to_i128(&self) -> Option<i128> {
        i128_from(self.negative, &self.magnitude)
    }

    /// The same, owning its bytes.
    pub fn into_owned(self) -> BigInt<'static> {
        BigInt { negative: self.negative, magnitude: Cow::Owned(self.magnitude.into_owned()) }
    }
}

impl From<i128> for BigInt<'_> {
    fn from(value: i128) -> Self {
        BigInt::new(value < 0, value.unsigned_abs().to_le_bytes().to_vec())
    }
}

impl From<u128> for BigInt<'_> {
    fn from(value: u128) -> Self {
        BigInt::new(false, value.to_le_bytes().to_vec())
    }
}

impl Serialize for BigInt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(value) = self.to_i128() {
            return serializer.serialize_i128(value);
        }
        let mut raw = Vec::new();
        write_big(&mut raw, self.negative, &self.magnitude).map_err(serde::ser::Error::custom)?;
        serializer.serialize_newtype_struct(names::RAW, &super::Binary::from(raw))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for BigInt<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(names::BIG_INT, IntVisitor)
    }
}

pub(super) struct IntVisitor;

impl<'de> Visitor<'de> for IntVisitor {
    type Value = BigInt<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(i128::from(value).into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i128::from(value).into())
    }

    fn visit_i128<E>(self, value: i128) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    fn visit_u128<E>(self, value: u128) -> Result<Self::Value, E> {
        Ok(value.into())
    }

    /// Sign and magnitude.
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let (Some(negative), Some(magnitude)) = (parts.next_element::<u8>()?, parts.next_element::<&[u8]>()?) else {
            return Err(serde::de::Error::custom("an integer is its sign and its magnitude"));
        };
        Ok(BigInt::new(negative == 1, magnitude))
    }
}
