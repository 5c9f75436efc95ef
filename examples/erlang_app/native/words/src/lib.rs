//! The service `words`. Its public functions are those of the Erlang module `words`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use linkspan::{Error, Typed};
use serde::{Deserialize, Serialize};

/// Counts words.
pub struct Words {
    counts: BTreeMap<String, u64>,
    fold_case: bool,
}

/// A word and how often it was there.
#[derive(Serialize, Typed)]
pub struct Entry {
    word: String,
    count: u64,
}

/// What comes first.
#[derive(Deserialize, Typed)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By the alphabet.
    Alphabetical,
    /// The most frequent word.
    Frequent,
}

/// How many words there are.
#[derive(Debug, PartialEq, Serialize, Typed)]
#[serde(rename_all = "snake_case")]
pub enum Vocabulary {
    /// None.
    Speechless,
    /// Less than a hundred.
    Laconic,
    /// More.
    Eloquent,
}

/// Counts the words of texts.
#[linkspan::service]
impl Words {
    /// Begins without any. With `fold_case`, capitals do not matter.
    fn start(fold_case: bool) -> Self {
        Words { counts: BTreeMap::new(), fold_case }
    }

    /// Counts the words of a `text`, and says how many it has.
    pub fn add(&mut self, text: &str) -> u64 {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let mut added = 0;
        for word in words {
            *self.counts.entry(folded(word, self.fold_case)).or_default() += 1;
            added += 1;
        }
        added
    }

    /// How often `word` was there.
    #[op(short)]
    pub fn count(&self, word: &str) -> u64 {
        self.counts.get(&folded(word, self.fold_case)).copied().unwrap_or_default()
    }

    /// How often the most frequent word was there; `limit` to words of so many letters at most.
    pub fn highest(&self, limit: Option<usize>) -> Result<Entry, Error> {
        let fits = |word: &str| limit.is_none_or(|limit| word.chars().count() <= limit);
        let found =
            self.counts.iter().filter(|(word, _)| fits(word)).max_by_key(|(word, count)| (**count, Reverse(*word)));
        let (word, count) = found.ok_or_else(|| Error::new(1, "there are no such words"))?;
        Ok(Entry { word: word.clone(), count: *count })
    }

    /// What to say of the number of different words.
    #[op(short)]
    pub fn vocabulary(&self) -> Vocabulary {
        match self.counts.len() {
            0 => Vocabulary::Speechless,
            1..100 => Vocabulary::Laconic,
            _ => Vocabulary::Eloquent,
        }
    }

    /// All words, one by one.
    #[op(stream)]
    pub fn entries(&self, order: Order) -> impl Iterator<Item = Entry> + Send + use<> {
        let mut entries: Vec<_> = self.counts.clone().into_iter().collect();
        if let Order::Frequent = order {
            entries.sort_by_key(|(_, count)| Reverse(*count));
        }
        entries.into_iter().map(|(word, count)| Entry { word, count })
    }

    /// Forgets all words.
    #[op(cast)]
    pub fn forget(&mut self) {
        self.counts.clear();
    }
}

fn folded(word: &str, fold_case: bool) -> String {
    if fold_case { word.to_lowercase() } else { word.to_owned() }
}

linkspan::export!(Words);

#[cfg(test)]
mod tests {
    use super::{Vocabulary, Words};

    #[test]
    fn capitals_matter_unless_they_are_folded() {
        for (fold_case, count) in [(true, 2), (false, 1)] {
            let mut words = Words::start(fold_case);
            assert_eq!(words.add("The ship, the quay!"), 4);
            assert_eq!(words.count("the"), count);
        }
    }

    #[test]
    fn a_tie_goes_to_the_first_by_the_alphabet() {
        let mut words = Words::start(true);
        assert_eq!(words.vocabulary(), Vocabulary::Speechless);
        words.add("ship quay ship quay bridge");
        assert_eq!(words.highest(None).unwrap().word, "quay");
        assert!(words.highest(Some(3)).is_err());
    }
}
