//! As many workers as there were, whoever finds that one is missing.

use std::sync::Arc;

use loom::thread;

use crate::relief::Relief;

/// Workers more than before, when the worker of a last turn has been relieved by nobody, by whoever closes, by whoever
/// watches, or by both; `comes_back` if the service does.
fn more_workers(comes_back: bool) -> isize {
    let relief = Arc::new(Relief::new());
    let closing = {
        let relief = relief.clone();
        thread::spawn(move || isize::from(relief.relieve()))
    };
    let watching = (!relief.is_relieved()).then(|| {
        let relief = relief.clone();
        thread::spawn(move || isize::from(relief.relieve()))
    });
    let gone = comes_back && relief.come_back();
    let added = closing.join().unwrap() + watching.map_or(0, |watching| watching.join().unwrap());
    added - isize::from(gone)
}

#[test]
fn a_worker_that_comes_back_leaves_no_worker_too_many() {
    loom::model(|| assert_eq!(more_workers(true), 0));
}

#[test]
fn a_worker_that_does_not_come_back_is_replaced_once() {
    loom::model(|| assert_eq!(more_workers(false), 1));
}
