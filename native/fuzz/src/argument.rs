//! Start arguments and arguments of operations: refused by name, or taken to the last byte.

use std::collections::BTreeMap;

use linkspan::etf::{Binary, Term};
use linkspan::typed::Arguments;
use linkspan::{Error, Result};
use linkspan_script::Limits;
use serde::Deserialize;

#[derive(Deserialize)]
#[allow(dead_code)] // read only
struct Point<'a> {
    x: f64,
    y: f64,
    name: Option<&'a str>,
}

/// What `#[linkspan::service]` does with arguments of these types.
fn typed(bytes: &[u8]) -> Result<()> {
    let mut sent = Arguments::read(bytes, 5)?;
    let _: i64 = sent.take("total")?;
    let _: Vec<Point<'_>> = sent.take("points")?;
    let _: BTreeMap<String, bool> = sent.take("flags")?;
    let _: Binary<'_> = sent.take("bytes")?;
    let _: Term<'_> = sent.take("any")?;
    sent.end()
}

/// A typed service's, and the script service's.
pub fn check(bytes: &[u8]) -> bool {
    let taken = [typed(bytes), Limits::parse(bytes).map(drop)];
    for error in taken.iter().filter_map(|taken| taken.as_ref().err()) {
        assert!(matches!(error, Error::BadRequest(_)), "{error}");
    }
    taken.iter().any(Result::is_ok)
}
