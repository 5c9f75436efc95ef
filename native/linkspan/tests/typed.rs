//! Typed services.
use std::collections::HashMap;

use linkspan::{Bytes, Context, Error};

/// Adds up what it is told.
struct Sum(i64);

#[derive(serde::Serialize, serde::Deserialize, linkspan::Typed)]
struct Point {
    x: i64,
    y: Option<f64>,
}

#[linkspan::service]
impl Sum {
    /// Begins somewhere.
    fn start(at: i64) -> Self {
        Sum(at)
    }

    /// Adds `by`, and says what the sum is then.
    #[op(short)]
    pub fn add(&mut self, by: i64) -> i64 {
        self.0 += by;
        self.0
    }

    pub fn divide(&self, by: i64) -> Result<i64, Error> {
        self.0.checked_div(by).ok_or_else(|| Error::new(1, "division by zero"))
    }

    #[op(cast)]
    pub fn reset(&mut self) {
        self.0 = 0;
    }

    pub fn greet(&self, name: &str, times: usize, cx: &Context<'_>) -> String {
        let _ = cx.is_cancelled();
        format!("hello {name}").repeat(times)
    }

    #[op(raw, number = 9)]
    pub fn bytes(&mut self, body: &[u8]) -> Bytes {
        Bytes::copy_from_slice(body)
    }

    pub fn points(&self, by_name: HashMap<String, Point>) -> Vec<Point> {
        by_name.into_values().collect()
    }
}

linkspan::export!(Sum);

#[test]
fn describes() {
    let describe = <Sum as linkspan::Service>::DESCRIBE.unwrap();
    panic!("{:#?}", describe());
}
