//! Direct calls: the sender says at once how it wants to be told.

use bytes::{Buf, Bytes, TryGetError};
use linkspan_engine::frame::FrameError;

use super::external;

/// The head of a call whose answer goes to its sender as `{Reference, Status, Body}`.
pub struct Direct {
    /// The sender's reference, in the external format.
    pub reference: Bytes,
    pub operation: u32,
    pub timeout: u32,
}

impl Direct {
    /// Reads the head of a direct call, and how long it is.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), FrameError> {
        let mut rest = bytes;
        let len = rest.try_get_u16().map_err(short("reference length"))?;
        let reference = rest.split_off(..usize::from(len)).ok_or(FrameError::Short("reference"))?;
        let operation = rest.try_get_u32().map_err(short("operation"))?;
        let timeout = rest.try_get_u32().map_err(short("time-out"))?;
        if !external::is_reference(reference) {
            return Err(FrameError::NotReference);
        }
        let reference = Bytes::copy_from_slice(reference);
        Ok((Direct { reference, operation, timeout }, bytes.len() - rest.len()))
    }
}

fn short(what: &'static str) -> impl Fn(TryGetError) -> FrameError {
    move |_| FrameError::Short(what)
}
