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
    pub mode: Mode,
}

/// How a direct call may be handled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// At once, if it is short.
    MayRun,
    /// Never on the sender's scheduler.
    Deferred,
}

const MAY_RUN: u8 = 0;
const DEFERRED: u8 = 1;

impl Direct {
    /// Reads the head of a direct call, and how long it is.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), FrameError> {
        let mut rest = bytes;
        let len = rest.try_get_u16().map_err(short("reference length"))?;
        let reference = rest.split_off(..usize::from(len)).ok_or(FrameError::Short("reference"))?;
        let operation = rest.try_get_u32().map_err(short("operation"))?;
        let timeout = rest.try_get_u32().map_err(short("time-out"))?;
        let mode = match rest.try_get_u8().map_err(short("mode"))? {
            MAY_RUN => Mode::MayRun,
            DEFERRED => Mode::Deferred,
            other => return Err(FrameError::WrongMode(other)),
        };
        if !external::is_reference(reference) {
            return Err(FrameError::NotReference);
        }
        let reference = Bytes::copy_from_slice(reference);
        Ok((Direct { reference, operation, timeout, mode }, bytes.len() - rest.len()))
    }
}

fn short(what: &'static str) -> impl Fn(TryGetError) -> FrameError {
    move |_| FrameError::Short(what)
}
