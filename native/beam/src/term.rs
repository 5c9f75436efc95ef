//! Answers in the external term format. To `erlang:port_call/3`: `{ok, Term}`, `{deferred, Id}`, `{error, Status, Body}`;
//! to callers who wait for a message: `{Reference, Status, Body}`.

use bytes::BufMut;
use linkspan_engine::Outcome;
use smallvec::SmallVec;

use crate::endpoint::Reference;

const VERSION: u8 = 131;
const SMALL_TUPLE: u8 = 104;
const SMALL_ATOM_UTF8: u8 = 119;
const SMALL_INTEGER: u8 = 97;
const SMALL_BIG: u8 = 110;
const BINARY: u8 = 109;

/// `{ok, Term}` around a term in the external format; an error if the answer of the service is none.
pub fn ok(term: &[u8]) -> Vec<u8> {
    match term.split_first() {
        Some((&VERSION, term)) => {
            let mut answer = tagged(2, b"ok");
            answer.put_slice(term);
            answer
        }
        _ => error(Outcome::BadRequest("the operation answers with bytes that are no term".into())),
    }
}

/// `{deferred, Id}`.
pub fn deferred(id: u64) -> Vec<u8> {
    let mut answer = tagged(2, b"deferred");
    answer.put_slice(&[SMALL_BIG, 8, 0]);
    answer.put_u64_le(id);
    answer
}

/// `{Reference, Status, Body}`.
pub fn message(reference: &Reference, status: u8, body: &[u8]) -> SmallVec<[u8; 256]> {
    let reference = reference.as_bytes().strip_prefix(&[VERSION]).unwrap_or_default();
    let mut message = SmallVec::new();
    message.extend_from_slice(&[VERSION, SMALL_TUPLE, 3]);
    message.extend_from_slice(reference);
    message.extend_from_slice(&[SMALL_INTEGER, status, BINARY]);
    message.extend_from_slice(&(body.len() as u32).to_be_bytes());
    message.extend_from_slice(body);
    message
}

/// An outcome, be it the answer or an error.
pub fn outcome(outcome: Outcome) -> Vec<u8> {
    match outcome {
        Outcome::Ok(bytes) => ok(&bytes),
        refused => error(refused),
    }
}

/// `{error, Status, Body}`.
fn error(outcome: Outcome) -> Vec<u8> {
    let mut answer = tagged(3, b"error");
    answer.put_slice(&[SMALL_INTEGER, outcome.status()]);
    let body = outcome.into_body();
    answer.put_u8(BINARY);
    answer.put_u32(body.len() as u32);
    answer.put_slice(&body);
    answer
}

fn tagged(arity: u8, atom: &[u8]) -> Vec<u8> {
    let mut answer = vec![VERSION, SMALL_TUPLE, arity, SMALL_ATOM_UTF8, atom.len() as u8];
    answer.put_slice(atom);
    answer
}
