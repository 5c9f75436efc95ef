//! Damages terms, the same way for the same seed.

/// Makes ever new bytes out of terms that it keeps.
pub struct Mutator {
    state: u64,
    corpus: Vec<Vec<u8>>,
}

impl Mutator {
    pub fn new(seed: u64, corpus: Vec<Vec<u8>>) -> Self {
        Mutator { state: seed, corpus }
    }

    /// xorshift64*
    fn random(&mut self, below: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below.max(1)
    }

    fn pick(&mut self) -> Vec<u8> {
        let index = self.random(self.corpus.len());
        self.corpus[index].clone()
    }

    pub fn next(&mut self) -> Vec<u8> {
        let mut bytes = self.pick();
        for _ in 0..=self.random(4) {
            self.damage(&mut bytes);
        }
        if self.corpus.len() < 64 && self.random(50) == 0 {
            self.corpus.push(bytes.clone());
        }
        bytes.truncate(4096);
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        const TAGS: &[u8] = b"FMXYZPabcdefghijklmnopqrstuvwxy";
        let (at, to) = (self.random(bytes.len()), self.random(bytes.len()));
        let (from, end) = (at.min(to), at.max(to));
        match self.random(6) {
            0 if at < bytes.len() => bytes[at] = self.random(256) as u8,
            1 if at < bytes.len() => bytes[at] = TAGS[self.random(TAGS.len())],
            2 => drop(bytes.drain(from..end)),
            3 => {
                let part = bytes[from..end].to_vec();
                bytes.splice(at..at, part);
            }
            4 => {
                let other = self.pick();
                let (start, stop) = (self.random(other.len()), self.random(other.len()));
                bytes.splice(at..at, other[start.min(stop)..start.max(stop)].iter().copied());
            }
            _ if at < bytes.len() => bytes[at] ^= 1 << self.random(8),
            _ => bytes.push(131),
        }
    }
}
