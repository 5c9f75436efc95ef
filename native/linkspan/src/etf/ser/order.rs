//! Entries of maps in the order of their keys' bytes.

use crate::etf::error::{Error, Reason};

/// Bits of an entry's number in its rank, below what its key begins with.
const NUMBER: u32 = u32::BITS;

/// Where the key and the value of an entry begin among the bytes that were written. It ends where the next one begins.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub key: usize,
    pub value: usize,
}

/// Where entries are put in order, kept from map to map.
#[derive(Debug, Default)]
pub struct Order {
    /// What a key begins with, and the number of its entry: sorting such is much faster than sorting entries.
    ranks: Vec<u128>,
    sorted: Vec<u8>,
}

impl Order {
    /// Puts the entries of a map, the last that was written, in order.
    pub fn sort(&mut self, out: &mut [u8], entries: &[Entry]) -> Result<(), Error> {
        let Some(first) = entries.first().filter(|_| entries.len() > 1) else { return Ok(()) };
        let Order { ranks, sorted } = self;
        ranks.clear();
        ranks.extend(entries.iter().zip(0..).map(|(entry, number)| rank(out, *entry, number)));
        if ranks.is_sorted_by(|a, b| a >> NUMBER < b >> NUMBER) {
            return Ok(());
        }
        ranks.sort_unstable();
        let key = |rank: &u128| &out[entries[number(*rank)].key..entries[number(*rank)].value];
        for alike in ranks.chunk_by_mut(|a, b| a >> NUMBER == b >> NUMBER).filter(|alike| alike.len() > 1) {
            alike.sort_unstable_by_key(key);
            if alike.windows(2).any(|pair| key(&pair[0]) == key(&pair[1])) {
                return Err(Reason::Unencodable("a map has a key twice").into());
            }
        }
        sorted.clear();
        sorted.reserve(out.len() - first.key);
        for number in ranks.iter().copied().map(number) {
            let end = entries.get(number + 1).map_or(out.len(), |next| next.key);
            sorted.extend_from_slice(&out[entries[number].key..end]);
        }
        out[first.key..].copy_from_slice(sorted);
        Ok(())
    }
}

/// Orders entries as the bytes of their keys do, as far as these go; then as they came.
fn rank(out: &[u8], entry: Entry, number: u32) -> u128 {
    let length = entry.value - entry.key;
    let begins = match out[entry.key..].first_chunk() {
        Some(bytes) => u128::from_be_bytes(*bytes),
        None => {
            let mut bytes = [0; 16];
            bytes[..length].copy_from_slice(&out[entry.key..entry.value]);
            u128::from_be_bytes(bytes)
        }
    };
    // Not what stands behind it.
    let kept = length.min(12) as u32 * 8;
    begins >> (u128::BITS - kept) << (u128::BITS - kept) | u128::from(number)
}

fn number(rank: u128) -> usize {
    rank as u32 as usize
}
