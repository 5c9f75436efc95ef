//! Request frames, written byte by byte.

use bytes::BufMut;
use linkspan_engine::frame::kind;

/// The head that all request frames share.
pub fn head(kind: u8, tag: &[u8]) -> Vec<u8> {
    let mut frame = vec![kind];
    frame.put_u16(tag.len() as u16);
    frame.put(tag);
    frame
}

pub fn call(tag: &[u8], operation: u32, timeout: u32, body: &[u8]) -> Vec<u8> {
    let mut frame = head(kind::CALL, tag);
    frame.put_u32(operation);
    frame.put_u32(timeout);
    frame.put(body);
    frame
}

pub fn cast(tag: &[u8], operation: u32, body: &[u8]) -> Vec<u8> {
    let mut frame = head(kind::CAST, tag);
    frame.put_u32(operation);
    frame.put(body);
    frame
}

pub fn load(tag: &[u8], version: u8, path: &[u8], service: &[u8]) -> Vec<u8> {
    let mut frame = head(kind::LOAD, tag);
    frame.put_u8(version);
    frame.put_u32(path.len() as u32);
    frame.put(path);
    frame.put(service);
    frame
}

pub fn start(tag: &[u8], limit: u64, bytes: u64, on_panic: u8, argument: &[u8]) -> Vec<u8> {
    let mut frame = head(kind::START, tag);
    frame.put_u64(limit);
    frame.put_u64(bytes);
    frame.put_u8(on_panic);
    frame.put(argument);
    frame
}

pub fn stream(tag: &[u8], operation: u32, credit: u32, body: &[u8]) -> Vec<u8> {
    let mut frame = head(kind::STREAM, tag);
    frame.put_u32(operation);
    frame.put_u32(credit);
    frame.put(body);
    frame
}

pub fn credit(tag: &[u8], more: u32) -> Vec<u8> {
    let mut frame = head(kind::CREDIT, tag);
    frame.put_u32(more);
    frame
}

pub fn room(tag: &[u8], wanted: u64) -> Vec<u8> {
    let mut frame = head(kind::ROOM, tag);
    frame.put_u64(wanted);
    frame
}
