//! Terms in the external format, as callers hand them over to get them back in messages. What is none is refused at the
//! door: later there is nobody to tell.

use rustler::OwnedEnv;

const VERSION: u8 = 131;
const NEWER_REFERENCE: u8 = 90;
const ATOM_UTF8: u8 = 118;
const SMALL_ATOM_UTF8: u8 = 119;
const ATOM: u8 = 100;

/// Bytes of a reference's creation, and of each word of its id.
const WORD: usize = 4;
/// Most words of an id.
const MOST_WORDS: usize = 5;

/// Whether these bytes are one term, from first to last. Atoms that it names are made.
pub fn is_term(external: &[u8]) -> bool {
    OwnedEnv::new().run(|env| env.binary_to_term(external).is_some_and(|(_, len)| len == external.len()))
}

/// Whether these bytes are one reference, from first to last. Only looks at them: every deferred call brings one.
pub fn is_reference(external: &[u8]) -> bool {
    let [VERSION, NEWER_REFERENCE, high, low, node @ ..] = external else { return false };
    let words = usize::from(u16::from_be_bytes([*high, *low]));
    (1..=MOST_WORDS).contains(&words) && behind_node(node).is_some_and(|rest| rest.len() == WORD * (1 + words))
}

/// What follows the name of the node.
fn behind_node(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [SMALL_ATOM_UTF8, len, rest @ ..] => rest.get(usize::from(*len)..),
        [ATOM_UTF8 | ATOM, high, low, rest @ ..] => rest.get(usize::from(u16::from_be_bytes([*high, *low]))..),
        _ => None,
    }
}
