//! Direct calls: the sender says at once how it wants to be told. Short ones come by `port_control/3`, as a command;
//! long ones as frames by `port_command/2`, their bodies by reference.

use bytes::{Buf, Bytes};
use erl_driver::Vector;

/// Kind byte of a direct frame; only in this host.
const DIRECT: u8 = 8;

/// A call whose answer goes to its sender as `{Reference, Status, Body}`.
pub struct Direct {
    /// The sender's reference, in the external format.
    pub reference: Bytes,
    pub operation: u32,
    pub timeout: u32,
    /// By reference, if it came so.
    pub body: Bytes,
}

/// Reads a direct frame; none if it is another one, or broken.
pub fn parse(vector: &Vector<'_>) -> Option<Direct> {
    let mut parts = vector.parts();
    let head = parts.next()?;
    if head.bytes().first() != Some(&DIRECT) {
        return None;
    }
    // The usual case: the head is one part, the body another.
    if let Some(mut direct) = read(Bytes::copy_from_slice(head.bytes()).slice(1..))
        && direct.body.is_empty()
    {
        let body = parts.next();
        if parts.next().is_none() {
            direct.body = body.map(|part| part.to_bytes()).unwrap_or_default();
            return Some(direct);
        }
    }
    read(vector.to_bytes().slice(1..))
}

/// Reads a direct call without its kind byte.
pub fn read(mut bytes: Bytes) -> Option<Direct> {
    let len = bytes.try_get_u16().ok()?;
    if bytes.len() < usize::from(len) {
        return None;
    }
    let reference = bytes.split_to(len.into());
    let operation = bytes.try_get_u32().ok()?;
    let timeout = bytes.try_get_u32().ok()?;
    Some(Direct { reference, operation, timeout, body: bytes })
}
