//! Maps of terms, and the order of their keys.

use std::cmp::Ordering;

use super::{Term, ser, tag, to_vec};

/// A map. Its entries are in one order, whatever order they came in: that in which they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map<'a>(Vec<(Term<'a>, Term<'a>)>);

impl<'a> Map<'a> {
    /// From its entries. `None`: a key is there twice.
    pub fn new(entries: Vec<(Term<'a>, Term<'a>)>) -> Option<Self> {
        let mut keys: Vec<_> = entries.iter().map(|entry| prefix(&entry.0)).zip(0..).collect();
        let key = |index: usize| &entries[index].0;
        let order = |a: &(u64, usize), b: &(u64, usize)| a.0.cmp(&b.0).then_with(|| order(key(a.1), key(b.1)));
        let ascending = |keys: &[(u64, usize)]| keys.windows(2).all(|pair| order(&pair[0], &pair[1]) == Ordering::Less);
        if ascending(&keys) {
            return Some(Map(entries));
        }
        keys.sort_unstable_by(order);
        if !ascending(&keys) {
            return None;
        }
        let mut entries: Vec<_> = entries.into_iter().map(Some).collect();
        Some(Map(keys.iter().filter_map(|(_, index)| entries[*index].take()).collect()))
    }

    /// Its entries.
    pub fn entries(&self) -> &[(Term<'a>, Term<'a>)] {
        &self.0
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
        let index = self.0.binary_search_by(|entry| order(&entry.0, key)).ok()?;
        Some(&self.0[index].1)
    }

    /// Its entries.
    pub fn into_entries(self) -> Vec<(Term<'a>, Term<'a>)> {
        self.0
    }

    pub(super) fn into_owned(self) -> Map<'static> {
        Map(self.0.into_iter().map(|(key, value)| (key.into_owned(), value.into_owned())).collect())
    }
}

/// A number that orders terms as [`order`] does, as far as it goes: their first eight bytes.
fn prefix(term: &Term<'_>) -> u64 {
    match term {
        Term::Atom(atom) if atom.name().len() < 256 => {
            let head = u64::from(tag::SMALL_ATOM_UTF8) << 56 | (atom.name().len() as u64) << 48;
            head | ser::prefix(atom.name().as_bytes()) >> 16
        }
        Term::Binary(bytes) => {
            let head = u64::from(tag::BINARY) << 56 | (bytes.len() as u64 & 0xffff_ffff) << 24;
            head | ser::prefix(bytes) >> 40
        }
        Term::Integer(byte @ 0..256) => u64::from(tag::SMALL_INTEGER) << 56 | (*byte as u64) << 48,
        _ => to_vec(term).map_or(0, |bytes| ser::prefix(&bytes[1..])),
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
