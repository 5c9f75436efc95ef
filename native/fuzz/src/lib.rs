//! What holds for any bytes from outside: each module has one function, which panics if it does not hold, and says
//! whether the bytes were taken.
//!
//! `tests/corpus.rs` tries it with the corpus, and what is made of that; `libfuzzer` with whatever libFuzzer finds.
#![forbid(unsafe_code)]

pub mod argument;
pub mod description;
pub mod etf;
pub mod frame;
pub mod script;

/// Tries bytes. True if they were taken, and not refused.
pub type Check = fn(&[u8]) -> bool;

/// All of them, by name: that of a module, of a folder of the corpus, and of a target of `libfuzzer`.
pub const ALL: &[(&str, Check)] = &[
    ("argument", argument::check),
    ("description", description::check),
    ("etf", etf::check),
    ("frame", frame::check),
    ("script", script::check),
];
