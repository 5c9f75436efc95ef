//! Terms in the external format, as callers hand them over to get them back in messages. What is none is refused at the
//! door: later there is nobody to tell.

use rustler::OwnedEnv;
use smallvec::SmallVec;

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

/// A reference as its caller brought it. Every deferred call has one: it is where it is used, unless the node has a long
/// name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reference(SmallVec<[u8; 64]>);

impl Reference {
    /// None if these bytes are not one reference, from first to last. Only looks at them.
    pub fn read(external: &[u8]) -> Option<Self> {
        let [VERSION, NEWER_REFERENCE, high, low, node @ ..] = external else { return None };
        let words = usize::from(u16::from_be_bytes([*high, *low]));
        let rest = behind_node(node)?;
        let whole = (1..=MOST_WORDS).contains(&words) && rest.len() == WORD * (1 + words);
        whole.then(|| Reference(SmallVec::from_slice(external)))
    }

    /// As it came.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What follows the name of the node.
fn behind_node(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [SMALL_ATOM_UTF8, len, rest @ ..] => rest.get(usize::from(*len)..),
        [ATOM_UTF8 | ATOM, high, low, rest @ ..] => rest.get(usize::from(u16::from_be_bytes([*high, *low]))..),
        _ => None,
    }
}
