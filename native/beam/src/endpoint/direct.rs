//! Direct calls: the sender says at once how it wants to be told.

use bytes::{Buf, TryGetError};
use linkspan_engine::frame::FrameError;

use super::Reference;

/// The head of a call whose answer goes to its sender as `{Reference, Status, Body}`.
pub struct Direct {
    /// The sender's.
    pub reference: Reference,
    pub operation: u32,
    pub timeout: u32,
    pub mode: Mode,
}

/// How a direct call is run.
#[derive(Clone, Copy)]
pub enum Mode {
    /// It may run at once.
    Soon,
    /// It is deferred in any case.
    Deferred,
    /// Its answer comes in parts; its sender has room for so many to begin with.
    Stream { credit: u32 },
}

impl Mode {
    fn read(rest: &mut &[u8]) -> Result<Self, FrameError> {
        match rest.try_get_u8().map_err(short("mode"))? {
            0 => Ok(Mode::Soon),
            1 => Ok(Mode::Deferred),
            2 => Ok(Mode::Stream { credit: rest.try_get_u32().map_err(short("credit"))? }),
            other => Err(FrameError::WrongMode(other)),
        }
    }
}

impl Direct {
    /// Reads the head of a direct call, and how long it is.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), FrameError> {
        let mut rest = bytes;
        let len = rest.try_get_u16().map_err(short("reference length"))?;
        let reference = rest.split_off(..usize::from(len)).ok_or(FrameError::Short("reference"))?;
        let operation = rest.try_get_u32().map_err(short("operation"))?;
        let timeout = rest.try_get_u32().map_err(short("time-out"))?;
        let mode = Mode::read(&mut rest)?;
        let reference = Reference::read(reference).ok_or(FrameError::NotReference)?;
        Ok((Direct { reference, operation, timeout, mode }, bytes.len() - rest.len()))
    }
}

fn short(what: &'static str) -> impl Fn(TryGetError) -> FrameError {
    move |_| FrameError::Short(what)
}
