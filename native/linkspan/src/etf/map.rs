//! Maps of terms, and the order of their keys.

use std::cmp::Ordering;

use super::{Term, tag, to_vec};

/// A map. Its entries are in one order, whatever order they came in: that in which they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map<'a>(Vec<Term<'a>>); // keys and values in turn

/// Up to so many entries are sorted where they are.
const FEW: usize = 12;

impl<'a> Map<'a> {
    /// From its entries. `None`: a key is there twice.
    pub fn new(entries: Vec<(Term<'a>, Term<'a>)>) -> Option<Self> {
        Map::from_flat(entries.into_iter().flat_map(|(key, value)| [key, value]).collect())
    }

    /// From keys and values in turn.
    pub(super) fn from_flat(mut terms: Vec<Term<'a>>) -> Option<Self> {
        let ascending = |terms: &[Term<'_>]| {
            (2..terms.len()).step_by(2).all(|index| order(&terms[index - 2], &terms[index]) == Ordering::Less)
        };
        if !ascending(&terms) {
            if terms.len() <= 2 * FEW {
                sort_few(&mut terms)
            } else {
                terms = sort_many(terms)
            }
            if !ascending(&terms) {
                return None;
            }
        }
        Some(Map(terms))
    }

    /// Its entries.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&Term<'a>, &Term<'a>)> {
        self.0.chunks_exact(2).map(|entry| (&entry[0], &entry[1]))
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.0.len() / 2
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value under a key.
    ///
    /// ```
    /// use linkspan::etf::{Atom, Map, Term};
    /// let map = Map::new(vec![(Atom::new("a").into(), 1.into()), ("b".into(), 2.into())]).unwrap();
    /// assert_eq!(map.get(&Atom::new("a").into()), Some(&Term::Integer(1)));
    /// assert_eq!(map.get(&"a".into()), None);
    /// ```
    pub fn get(&self, key: &Term<'_>) -> Option<&Term<'a>> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match order(&self.0[2 * middle], key) {
                Ordering::Equal => return self.0.get(2 * middle + 1),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    pub(super) fn into_owned(self) -> Map<'static> {
        Map(self.0.into_iter().map(Term::into_owned).collect())
    }
}

fn sort_few(terms: &mut [Term<'_>]) {
    for end in (2..terms.len()).step_by(2) {
        let mut at = end;
        while at > 0 && order(&terms[at - 2], &terms[at]) == Ordering::Greater {
            terms.swap(at - 2, at);
            terms.swap(at - 1, at + 1);
            at -= 2;
        }
    }
}

fn sort_many(mut terms: Vec<Term<'_>>) -> Vec<Term<'_>> {
    let mut keys: Vec<_> = terms.iter().map(prefix).zip(0..).step_by(2).collect();
    keys.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| order(&terms[a.1], &terms[b.1])));
    let mut sorted = Vec::with_capacity(terms.len());
    for (_, index) in keys {
        for term in &mut terms[index..index + 2] {
            sorted.push(std::mem::replace(term, Term::Integer(0)));
        }
    }
    sorted
}

/// A number that orders terms as [`order`] does, as far as it goes: their first eight bytes.
fn prefix(term: &Term<'_>) -> u64 {
    match term {
        Term::Atom(atom) if atom.name().len() < 256 => {
            let head = u64::from(tag::SMALL_ATOM_UTF8) << 56 | (atom.name().len() as u64) << 48;
            head | begins_with(atom.name().as_bytes()) >> 16
        }
        Term::Binary(bytes) => {
            let head = u64::from(tag::BINARY) << 56 | (bytes.len() as u64 & 0xffff_ffff) << 24;
            head | begins_with(bytes) >> 40
        }
        Term::Integer(byte @ 0..256) => u64::from(tag::SMALL_INTEGER) << 56 | (*byte as u64) << 48,
        _ => to_vec(term).map_or(0, |bytes| begins_with(&bytes[1..])),
    }
}

/// The order of the bytes that the terms are written as.
fn order(a: &Term<'_>, b: &Term<'_>) -> Ordering {
    match (a, b) {
        // Length first, since the length is written first. Names of 256 bytes and more have another tag.
        (Term::Atom(a), Term::Atom(b)) if a.name().len().max(b.name().len()) < 256 => {
            (a.name().len(), a.name()).cmp(&(b.name().len(), b.name()))
        }
        (Term::Binary(a), Term::Binary(b)) => (a.len(), a).cmp(&(b.len(), b)),
        (Term::Integer(a), Term::Integer(b)) if (0..256).contains(a) && (0..256).contains(b) => a.cmp(b),
        // Terms that cannot be written have no place. They are refused when the map is.
        _ => to_vec(a).ok().cmp(&to_vec(b).ok()),
    }
}

/// A number that orders bytes as they are, as far as it goes. No term begins with another, so that it does not matter
/// what stands for bytes that are not there.
fn begins_with(key: &[u8]) -> u64 {
    match key.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => {
            let mut bytes = [0; 8];
            bytes[..key.len()].copy_from_slice(key);
            u64::from_be_bytes(bytes)
        }
    }
}
