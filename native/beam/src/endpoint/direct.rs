//! Direct calls: the sender says at once how it wants to be told.

use bytes::{Buf, Bytes};

/// The head of a call whose answer goes to its sender as `{Reference, Status, Body}`.
pub struct Direct {
    /// The sender's reference, in the external format.
    pub reference: Bytes,
    pub operation: u32,
    pub timeout: u32,
}

impl Direct {
    /// Reads the head of a direct call, and how long it is; none if the bytes are too few to be one.
    pub fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut rest = bytes;
        let len = usize::from(rest.try_get_u16().ok()?);
        let reference = Bytes::copy_from_slice(rest.get(..len)?);
        rest.advance(len);
        let operation = rest.try_get_u32().ok()?;
        let timeout = rest.try_get_u32().ok()?;
        Some((Direct { reference, operation, timeout }, bytes.len() - rest.len()))
    }
}
