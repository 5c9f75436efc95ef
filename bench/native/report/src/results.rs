//! What `bench/results/latest.json` has, as far as it is shown. Its format is described in `docs/performance.md`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub struct Results {
    pub commit: String,
    pub machine: BTreeMap<String, Value>,
    pub otp: String,
    pub quick: bool,
    pub runs: u32,
    pub measures: Vec<Measure>,
    pub instances: Vec<Instances>,
    pub rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
pub struct Measure {
    pub what: String,
    pub against: String,
    pub value: f64,
    pub spread: [f64; 2],
    pub unit: String,
    pub direction: String,
    pub must: Option<f64>,
    pub aim: Option<f64>,
    pub pass: Option<bool>,
}

/// What one more instance costs when so many are open.
#[derive(Debug, Deserialize)]
pub struct Instances {
    pub host: String,
    pub instances: u64,
    pub open_ns: f64,
    pub close_ns: f64,
    pub bytes: Option<f64>,
}

/// A subject, with medians over all of its blocks.
#[derive(Debug, Deserialize)]
pub struct Row {
    pub subject: String,
    pub work: String,
    pub callers: u32,
    /// What was measured by name: `p50`, `ops` ...
    #[serde(flatten)]
    pub metrics: BTreeMap<String, Value>,
}

impl Row {
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).and_then(Value::as_f64)
    }
}
