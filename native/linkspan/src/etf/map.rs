//! Maps of terms, and the order of their keys.

use std::cmp::Ordering;

use super::{Term, to_vec};

/// A map. Its entries are in one order, whatever order they came in: that in which they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map<'a>(Vec<(Term<'a>, Term<'a>)>);

impl<'a> Map<'a> {
    /// From its entries. `None`: a key is there twice.
    pub fn new(mut entries: Vec<(Term<'a>, Term<'a>)>) -> Option<Self> {
        let ascending = |entries: &[(Term<'_>, Term<'_>)]| {
            entries.windows(2).all(|pair| order(&pair[0].0, &pair[1].0) == Ordering::Less)
        };
        if !ascending(&entries) {
            entries.sort_unstable_by(|a, b| order(&a.0, &b.0));
            if !ascending(&entries) {
                return None;
            }
        }
        Some(Map(entries))
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
