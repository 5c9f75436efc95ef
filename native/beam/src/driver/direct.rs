//! Direct frames: a call with a long body by `port_command/2`, its body by reference.

use bytes::Bytes;
use erl_driver::Vector;
use linkspan_engine::frame::FrameError;

use crate::endpoint::Direct;

/// Kind byte of a direct frame; only in this host.
const DIRECT: u8 = 8;

/// Reads a direct frame and its body; none if it is of another kind.
pub fn parse(vector: &Vector<'_>) -> Option<Result<(Direct, Bytes), FrameError>> {
    let mut parts = vector.parts();
    let (&DIRECT, head) = parts.next()?.bytes().split_first()? else { return None };
    // The usual case: the head is one part, the body another.
    if let Ok((direct, len)) = Direct::read(head)
        && len == head.len()
    {
        let body = parts.next();
        if parts.next().is_none() {
            return Some(Ok((direct, body.map(|part| part.to_bytes()).unwrap_or_default())));
        }
    }
    let all = vector.to_bytes();
    Some(Direct::read(&all[1..]).map(|(direct, len)| (direct, all.slice(1 + len..))))
}
