//! Frames from the VM, on the main thread. Short requests run here.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use linkspan_engine::frame::{self, FrameError, LONGEST};
use linkspan_engine::{Conversation, Instance, Outcome};

use crate::host::ProgramHost;
use crate::patience::Patience;
use crate::writer::Writer;

const BUFFER: usize = 64 * 1024;
/// Frames up to this size share memory, which is used again when all of them are gone.
const SHORT: usize = 4096;
/// How long requests that came together may keep the answers to those before them, in microseconds.
const LONGEST_GATHERED: u32 = 1000;
/// Up to so many requests in a frame the next one is looked for.
const FEW: usize = 4;
/// Memory reserved for a frame because of its length alone; the rest grows as bytes arrive.
const RESERVED: usize = 1024 * 1024;

/// Reads frames until the VM closes the port or breaks the protocol.
pub fn read(input: File, instance: &Instance, writer: &Arc<Writer>, host: &ProgramHost) {
    let mut input = BufReader::with_capacity(BUFFER, input);
    let mut conversation = Conversation::new(writer.clone());
    let mut shared = BytesMut::with_capacity(2 * SHORT);
    let mut held: u32 = 0;
    let mut patience = Patience::new();
    let mut few = false;
    loop {
        let waits = input.buffer().is_empty().then(Instant::now);
        // While a worker is at it, whoever waits for that does not ask, and the worker may want the processor. Where many
        // ask, their batches are larger if this thread sleeps.
        if waits.is_some() && few && instance.is_idle() {
            patience.look(input.get_ref());
        }
        let frame = match next(&mut input, &mut shared) {
            Ok(Ok(frame)) => frame,
            Ok(Err(error)) => return host.end(error.into()),
            // The end of the port, perhaps in the middle of a frame: nobody is left to be told.
            Err(_) => return,
        };
        if let Some(since) = waits {
            patience.waited(since.elapsed());
        }
        few = has_few(&frame);
        writer.gather();
        match conversation.frame(instance, frame) {
            Ok(micros) => held = held.saturating_add(micros),
            Err(error) => return host.end(Outcome::from(error)),
        }
        // Answers to frames that came together leave together.
        if held >= LONGEST_GATHERED || !holds_frame(input.buffer()) {
            writer.flush();
            held = 0;
        }
    }
}

/// Whether few requests have come in a frame.
fn has_few(frame: &Bytes) -> bool {
    frame::batch(frame).is_none_or(|batch| batch.take(FEW + 1).count() <= FEW)
}

/// Whether the next frame can be read without waiting.
fn holds_frame(buffer: &[u8]) -> bool {
    buffer.split_first_chunk().is_some_and(|(len, rest)| rest.len() >= u32::from_be_bytes(*len) as usize)
}

fn next(input: &mut BufReader<File>, shared: &mut BytesMut) -> io::Result<Result<Bytes, FrameError>> {
    let mut len = [0; 4];
    input.read_exact(&mut len)?;
    let len = u32::from_be_bytes(len) as usize;
    if len > LONGEST {
        return Ok(Err(FrameError::TooLong(len)));
    }
    if len <= SHORT
        && let Some(frame) = input.buffer().get(..len)
    {
        shared.extend_from_slice(frame);
        input.consume(len);
        return Ok(Ok(shared.split().freeze()));
    }
    let mut frame = Vec::with_capacity(len.min(RESERVED));
    input.take(len as u64).read_to_end(&mut frame)?;
    if frame.len() < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Ok(frame.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use linkspan_engine::frame::kind;

    fn batch(of: usize) -> Bytes {
        let info = [&4_u32.to_be_bytes()[..], &[kind::INFO, 0, 1, b't']].concat();
        [&[kind::BATCH][..], &info.repeat(of)].concat().into()
    }

    #[test]
    fn a_frame_has_few_requests_unless_it_is_a_batch_of_many() {
        assert!(has_few(&Bytes::from_static(&[kind::INFO, 0, 0])));
        assert!(has_few(&batch(1)));
        assert!(has_few(&batch(FEW)));
        assert!(!has_few(&batch(FEW + 1)));
    }
}
