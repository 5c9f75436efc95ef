//! Lists, of which the length is known at their end.

use serde::ser::{Serialize, SerializeSeq};

use super::Serializer;
use crate::etf::error::{Error, Reason, Step};
use crate::etf::tag;

/// Bytes of the head: tag and length.
const HEAD: usize = 5;

#[derive(Debug)]
pub struct List<'a> {
    ser: &'a mut Serializer,
    start: usize,
    count: usize,
}

impl<'a> List<'a> {
    #[inline]
    pub fn new(ser: &'a mut Serializer) -> Result<Self, Error> {
        let start = ser.out.len();
        ser.head(tag::LIST, 0)?;
        Ok(List { ser, start, count: 0 })
    }

    /// If all elements are bytes, the list can be a string: half as long, and what the VM writes.
    #[inline]
    fn bytes(&self) -> bool {
        let elements = &self.ser.out[self.start + HEAD..];
        // An element that is no small integer shifts those behind it, but nothing in front of it.
        self.count <= u16::MAX.into()
            && elements.len() == 2 * self.count
            && elements.iter().step_by(2).all(|tag| *tag == tag::SMALL_INTEGER)
    }
}

/// Turns a list of bytes into a string.
fn compact(out: &mut Vec<u8>, start: usize, count: usize) {
    for index in 0..count {
        out[start + 3 + index] = out[start + HEAD + 2 * index + 1];
    }
    out.truncate(start + 3 + count);
    let [high, low] = (count as u16).to_be_bytes();
    out[start..start + 3].copy_from_slice(&[tag::STRING, high, low]);
}

impl SerializeSeq for List<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.ser).map_err(|error| error.step(&Step::Index(self.count)))?;
        self.count += 1;
        Ok(())
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        let start = self.start;
        if self.count == 0 {
            self.ser.out.truncate(start);
        } else if self.bytes() {
            compact(&mut self.ser.out, start, self.count);
            return Ok(());
        } else {
            let count = u32::try_from(self.count).map_err(|_| Reason::Unencodable("a list is too long"))?;
            self.ser.out[start + 1..start + HEAD].copy_from_slice(&count.to_be_bytes());
        }
        self.ser.out.push(tag::NIL);
        Ok(())
    }
}
