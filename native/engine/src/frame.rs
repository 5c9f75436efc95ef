//! The frames between a VM and a host, as `docs/frame.md` draws them byte by byte.
//!
//! Every request frame begins with its kind and a tag of the sender's choice; the answer carries the same tag.

use bytes::{Buf, Bytes};
use smallvec::SmallVec;

use crate::{Job, OnPanic, Options, Outcome};

/// Version of the frames, the first byte of the body of a `load`.
pub const VERSION: u8 = 1;

/// Longest frame that is accepted, in bytes.
pub const LONGEST: usize = 1 << 30;

/// Kinds of request frames.
pub mod kind {
    /// A request that is answered.
    pub const CALL: u8 = 1;
    /// A request that is only acknowledged, and without a tag not even that.
    pub const CAST: u8 = 2;
    /// Withdraws the open request of the same tag, which is answered with `cancelled`.
    pub const CANCEL: u8 = 3;
    /// Loads a library; the answer describes the service.
    pub const LOAD: u8 = 4;
    /// Starts the service that was loaded.
    pub const START: u8 = 5;
    /// Is answered when the queue may have room.
    pub const ROOM: u8 = 6;
    /// Asks for the state and the counts of the instance.
    pub const INFO: u8 = 7;
    /// A request that is answered in parts.
    pub const STREAM: u8 = 9;
    /// Makes room for more parts of the open stream of the same tag; not answered.
    pub const CREDIT: u8 = 10;
    /// Asks what a typed service says of itself.
    pub const DESCRIBE: u8 = 11;
    /// Several request frames, each behind its length.
    pub const BATCH: u8 = 12;

    /// The answer to a request frame.
    pub const REPLY: u8 = 0x81;
    /// An event.
    pub const EVENT: u8 = 0x82;
    /// The instance has ended by itself; nothing follows.
    pub const ENDED: u8 = 0x83;
    /// Several replies, each behind its length; only for who has sent a batch.
    pub const REPLIES: u8 = 0x84;
}

/// A request frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// The tag; it may be empty.
    pub tag: Bytes,
    /// What is asked.
    pub command: Command,
}

/// What a request frame asks.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)] // as `kind`
pub enum Command {
    Call { operation: u32, timeout: u32, body: Bytes },
    Cast { operation: u32, body: Bytes },
    Cancel,
    Load { path: String, service: String },
    Start { options: Options, argument: Bytes },
    Room { wanted: u64 },
    Info,
    Stream { operation: u32, credit: u32, body: Bytes },
    Credit { more: u32 },
    Describe,
}

/// Why bytes are no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // the messages say it
pub enum FrameError {
    #[error("the frame ends before its {0}")]
    Short(&'static str),
    #[error("the frame goes on behind its {0}")]
    Long(&'static str),
    #[error("{0} is no kind of request frame")]
    UnknownKind(u8),
    #[error("frame version {0}, this host has {VERSION}")]
    WrongVersion(u8),
    #[error("{0} is not UTF-8")]
    NotText(&'static str),
    #[error("{0} is not 0 (stop) or 1 (keep)")]
    WrongOnPanic(u8),
    #[error("the reference is none in the external term format")]
    NotReference,
    #[error("{0} is no way to run a call")]
    WrongMode(u8),
    #[error("a frame of {0} bytes is longer than {LONGEST}")]
    TooLong(usize),
}

impl From<FrameError> for Outcome {
    fn from(error: FrameError) -> Self {
        Outcome::Protocol(error.to_string().into())
    }
}

/// The frames of a batch, if that is what bytes are.
pub fn batch(bytes: &Bytes) -> Option<Batch> {
    (bytes.first() == Some(&kind::BATCH)).then(|| Batch { rest: bytes.slice(1..) })
}

/// Yields the frames of a batch. They share its bytes.
#[derive(Debug)]
pub struct Batch {
    rest: Bytes,
}

impl Iterator for Batch {
    type Item = Result<Bytes, FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        // Of what is broken nothing is left.
        let mut rest = std::mem::take(&mut self.rest);
        if rest.is_empty() {
            return None;
        }
        let len = number(&mut rest, "frame length", Bytes::try_get_u32);
        let frame = len.and_then(|len| split(&mut rest, len as usize, "frame"));
        if frame.is_ok() {
            self.rest = rest;
        }
        Some(frame)
    }
}

/// Reads a request frame. Tag and body share the bytes they came in.
pub fn parse(mut bytes: Bytes) -> Result<Frame, FrameError> {
    let kind = number(&mut bytes, "kind", Bytes::try_get_u8)?;
    let tag_len = number(&mut bytes, "tag length", Bytes::try_get_u16)?;
    let tag = split(&mut bytes, usize::from(tag_len), "tag")?;
    let command = match kind {
        kind::CALL => {
            let operation = number(&mut bytes, "operation", Bytes::try_get_u32)?;
            let timeout = number(&mut bytes, "time-out", Bytes::try_get_u32)?;
            Command::Call { operation, timeout, body: bytes }
        }
        kind::CAST => Command::Cast { operation: number(&mut bytes, "operation", Bytes::try_get_u32)?, body: bytes },
        kind::CANCEL => last(&bytes, "tag", Command::Cancel)?,
        kind::LOAD => load(bytes)?,
        kind::START => start(bytes)?,
        kind::ROOM => {
            let wanted = number(&mut bytes, "bytes wanted", Bytes::try_get_u64)?;
            last(&bytes, "bytes wanted", Command::Room { wanted })?
        }
        kind::INFO => last(&bytes, "tag", Command::Info)?,
        kind::STREAM => {
            let operation = number(&mut bytes, "operation", Bytes::try_get_u32)?;
            let credit = number(&mut bytes, "credit", Bytes::try_get_u32)?;
            Command::Stream { operation, credit, body: bytes }
        }
        kind::CREDIT => {
            let more = number(&mut bytes, "credit", Bytes::try_get_u32)?;
            last(&bytes, "credit", Command::Credit { more })?
        }
        kind::DESCRIBE => last(&bytes, "tag", Command::Describe)?,
        other => return Err(FrameError::UnknownKind(other)),
    };
    Ok(Frame { tag, command })
}

/// Reads the body of a `load`.
pub fn load(mut body: Bytes) -> Result<Command, FrameError> {
    let version = number(&mut body, "version", Bytes::try_get_u8)?;
    if version != VERSION {
        return Err(FrameError::WrongVersion(version));
    }
    let len = number(&mut body, "path length", Bytes::try_get_u32)?;
    let path = text(&split(&mut body, len as usize, "path")?, "the path")?;
    Ok(Command::Load { path, service: text(&body, "the service name")? })
}

/// Reads the body of a `start`.
pub fn start(mut body: Bytes) -> Result<Command, FrameError> {
    let limit = number(&mut body, "request limit", Bytes::try_get_u64)? as usize;
    let bytes = number(&mut body, "byte limit", Bytes::try_get_u64)? as usize;
    let on_panic = match number(&mut body, "on_panic", Bytes::try_get_u8)? {
        0 => OnPanic::Stop,
        1 => OnPanic::Keep,
        other => return Err(FrameError::WrongOnPanic(other)),
    };
    Ok(Command::Start { options: Options { limit, bytes, on_panic }, argument: body })
}

impl Command {
    /// Gives a body of at most so many bytes memory of its own, so that it keeps nothing else alive.
    pub(crate) fn detach(&mut self, most: usize) {
        if let Command::Call { body, .. } | Command::Cast { body, .. } | Command::Stream { body, .. } = self
            && body.len() <= most
        {
            *body = Bytes::copy_from_slice(body);
        }
    }

    /// The job of an instance that a command asks for, and the time-out that goes with it; none if it asks for
    /// something else.
    pub fn into_job(self) -> Option<(Job, u32)> {
        let forever = crate::ticket::FOREVER;
        match self {
            Command::Call { operation, timeout, body } => Some((Job::Call { operation, cast: false, body }, timeout)),
            Command::Cast { operation, body } => Some((Job::Call { operation, cast: true, body }, forever)),
            Command::Load { path, service } => Some((Job::Load { path, service }, forever)),
            Command::Start { options, argument } => Some((Job::Start { argument, options }, forever)),
            Command::Stream { operation, credit, body } => Some((Job::Stream { operation, credit, body }, forever)),
            Command::Cancel | Command::Room { .. } | Command::Info | Command::Describe | Command::Credit { .. } => None,
        }
    }
}

/// The head of a `reply` frame; the body follows it. Tags of the client leave it on the stack.
pub fn reply(tag: &[u8], status: u8) -> SmallVec<[u8; 64]> {
    let mut head = SmallVec::new();
    head.push(kind::REPLY);
    head.extend_from_slice(&(tag.len() as u16).to_be_bytes());
    head.extend_from_slice(tag);
    head.push(status);
    head
}

/// The head of an `event` frame; the event follows it.
pub const EVENT: [u8; 1] = [kind::EVENT];

/// The head of an `ended` frame; the body of the reason follows it.
pub fn ended(reason: &Outcome) -> [u8; 2] {
    [kind::ENDED, reason.status()]
}

fn number<T, E>(
    bytes: &mut Bytes,
    what: &'static str,
    get: impl Fn(&mut Bytes) -> Result<T, E>,
) -> Result<T, FrameError> {
    get(bytes).map_err(|_| FrameError::Short(what))
}

fn split(bytes: &mut Bytes, len: usize, what: &'static str) -> Result<Bytes, FrameError> {
    if bytes.len() < len {
        return Err(FrameError::Short(what));
    }
    Ok(bytes.split_to(len))
}

/// A command that ends with the field `what`.
fn last(rest: &Bytes, what: &'static str, command: Command) -> Result<Command, FrameError> {
    if rest.is_empty() { Ok(command) } else { Err(FrameError::Long(what)) }
}

fn text(bytes: &Bytes, what: &'static str) -> Result<String, FrameError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| FrameError::NotText(what))
}
