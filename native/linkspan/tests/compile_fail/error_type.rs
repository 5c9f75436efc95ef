//! An error becomes one of linkspan.

use std::num::ParseIntError;

#[derive(Default)]
struct Sum(i64);

#[linkspan::service]
impl Sum {
    pub fn add(&mut self, by: &str) -> Result<i64, ParseIntError> {
        self.0 += by.parse::<i64>()?;
        Ok(self.0)
    }
}

fn main() {}
