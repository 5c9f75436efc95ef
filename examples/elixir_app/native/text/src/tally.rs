//! How often each has come.

use std::collections::BTreeMap;

/// Counts senders.
#[derive(Default)]
pub struct Tally {
    counts: BTreeMap<String, u64>,
}

/// Counts senders.
#[linkspan::service]
impl Tally {
    /// Counts `sender`, and says how often it has come.
    #[op(short)]
    pub fn count(&mut self, sender: &str) -> u64 {
        let count = self.counts.entry(sender.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// How often each has come.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.counts.clone()
    }

    /// Begins again for `sender`.
    #[op(cast)]
    pub fn forget(&mut self, sender: &str) {
        self.counts.remove(sender);
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn everybody_is_counted_apart() {
        let mut tally = Tally::default();
        assert_eq!((tally.count("ada"), tally.count("ada"), tally.count("bob")), (1, 2, 1));
        tally.forget("ada");
        assert_eq!(tally.count("ada"), 1);
    }
}
