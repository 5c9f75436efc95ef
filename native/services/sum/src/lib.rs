//! A typed service: the one of the documents, and what tests of types talk to.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use linkspan::{Bytes, Context, Error, Typed};
use serde::{Deserialize, Serialize};

/// Adds up what it is told.
#[derive(Debug)]
pub struct Sum {
    total: i64,
}

/// A place, as a map with atoms as keys.
#[derive(Debug, Serialize, Deserialize, Typed)]
pub struct Point {
    x: f64,
    y: f64,
    name: Option<String>,
}

/// Which way to round.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, Typed)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Towards less.
    Down,
    /// Towards more.
    Up,
}

/// Adds up what it is told.
#[linkspan::service]
impl Sum {
    /// Begins with `total`.
    fn start(total: i64) -> Result<Self, Error> {
        if total < 0 { Err(Error::new(1, "a sum begins at 0 or above")) } else { Ok(Sum { total }) }
    }

    /// Adds `by`, and says what the sum is then.
    #[op(short)]
    pub fn add(&mut self, by: i64) -> Result<i64, Error> {
        self.total = self.total.checked_add(by).ok_or_else(|| Error::new(2, "the sum is too large"))?;
        Ok(self.total)
    }

    /// What the sum is.
    #[op(short)]
    pub fn total(&self) -> i64 {
        self.total
    }

    /// Begins again, at 0.
    #[op(cast)]
    pub fn reset(&mut self) {
        self.total = 0;
    }

    /// Begins again, at 0, and says so.
    pub fn clear(&mut self) {
        self.total = 0;
    }

    /// Divides the sum by `by`, rounding as told.
    pub fn divide(&self, by: i64, rounding: Rounding) -> Result<i64, Error> {
        let floor = self.total.checked_div_euclid(by).ok_or_else(|| Error::new(3, "there is no such quotient"))?;
        let exact = self.total % by == 0;
        Ok(match rounding {
            Rounding::Up if !exact => floor + 1,
            _ => floor,
        })
    }

    /// The point in the middle of all, if there are any.
    pub fn middle(&self, points: BTreeMap<String, Point>) -> Option<Point> {
        let count = points.len() as f64;
        let (x, y) = points.values().fold((0.0, 0.0), |(x, y), point| (x + point.x, y + point.y));
        (count > 0.0).then(|| Point { x: x / count, y: y / count, name: None })
    }

    /// Greets `name` so many `times`.
    pub fn greet(&self, name: &str, times: usize) -> Vec<String> {
        vec![format!("hello {name}"); times.min(1000)]
    }

    /// Where this runs, and whether anybody still waits.
    pub fn whereabouts(&self, cx: &Context<'_>) -> (String, bool) {
        (cx.host().to_owned(), !cx.is_cancelled())
    }

    /// The sum, and what it would be after each `step`, for ever.
    #[op(stream)]
    pub fn steps(&self, step: i64) -> impl Iterator<Item = i64> + Send + use<> {
        let total = self.total;
        (0..).map(move |count| total.wrapping_add(step.wrapping_mul(count)))
    }

    /// What is there from `end` on, of arguments whose names mean something in other languages.
    #[op(long)]
    pub fn behind(&self, server: Vec<u8>, timeout: u8, r#type: Option<u8>, end: usize) -> Vec<u8> {
        server.into_iter().chain([timeout]).chain(r#type).skip(end).collect()
    }

    /// The bytes, from back to front.
    #[op(raw, number = 100)]
    pub fn reversed(&self, body: &[u8]) -> Bytes {
        body.iter().rev().copied().collect()
    }
}

linkspan::export!(Sum);
