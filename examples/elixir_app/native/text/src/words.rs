//! The words of a text.

use std::cmp::Reverse;
use std::collections::HashMap;

use linkspan::Typed;
use serde::{Deserialize, Serialize};

/// Counts words.
#[derive(Default)]
pub struct Words;

/// A word, and how often it is there.
#[derive(Debug, PartialEq, Serialize, Deserialize, Typed)]
pub struct Word {
    word: String,
    times: u64,
}

/// Counts words.
#[linkspan::service]
impl Words {
    /// The `most` frequent words of `text`; of those that are as frequent the first in the alphabet.
    #[op(long)]
    pub fn frequent(&self, text: &str, most: usize) -> Vec<Word> {
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for word in text.split_whitespace() {
            *counts.entry(word).or_default() += 1;
        }
        let mut words: Vec<Word> =
            counts.into_iter().map(|(word, times)| Word { word: word.to_owned(), times }).collect();
        words.sort_by(|a, b| (Reverse(a.times), &a.word).cmp(&(Reverse(b.times), &b.word)));
        words.truncate(most);
        words
    }
}

#[cfg(test)]
mod tests {
    use super::{Word, Words};

    #[test]
    fn the_most_frequent_come_first() {
        let found = Words.frequent("b a b c a b", 2);
        assert_eq!(found, [Word { word: "b".into(), times: 3 }, Word { word: "a".into(), times: 2 }]);
    }
}
