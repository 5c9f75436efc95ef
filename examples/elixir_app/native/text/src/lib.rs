//! The services of the example: a tally, the words of a text, a calculator.
#![forbid(unsafe_code)]

mod calculator;
mod tally;
mod words;

use calculator::Calculator;
use tally::Tally;
use words::Words;

linkspan::export!(Tally, Words, Calculator);
