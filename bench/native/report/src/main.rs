//! Draws the report of the benchmark: `bench_report latest.json report.html`.
#![forbid(unsafe_code)]

mod charts;
mod numbers;
mod page;
mod plot;
mod results;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [from, to] = paths.as_slice() else {
        return Err("usage: bench_report RESULTS.json REPORT.html".into());
    };
    let results: results::Results = serde_json::from_slice(&fs::read(from)?)?;
    fs::write(to, page::html(&results)?)?;
    Ok(())
}
