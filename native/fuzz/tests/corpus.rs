//! The corpus, which has what fuzzers have found as well, and what is made of it.

use std::{fs, path::Path};

use linkspan_fuzz::ALL;

use self::mutator::Mutator;

#[path = "../../linkspan/tests/etf/mutator.rs"]
mod mutator;

/// For each file of the corpus.
const ROUNDS: usize = 60;

#[test]
fn what_is_made_of_the_corpus_does_no_harm() {
    for (name, check) in ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut files: Vec<_> =
            fs::read_dir(folder).expect("a corpus").map(|file| file.expect("a file").path()).collect();
        files.sort();
        assert!(!files.is_empty(), "{name} has a corpus");
        let corpus: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).expect("its bytes")).collect();
        let taken = corpus.iter().filter(|bytes| check(bytes)).count();
        assert!(0 < taken && taken < corpus.len(), "{name}: the corpus has what is taken and what is refused");
        let mut mutator = Mutator::new(0x1dea, corpus);
        for _ in 0..ROUNDS * files.len() {
            check(&mutator.next());
        }
    }
}
