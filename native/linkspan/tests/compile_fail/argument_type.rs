//! An argument is read by serde: the error is at its type, in the function.

#[derive(Default)]
struct Sum(i64);

struct Amount(i64);

#[linkspan::service]
impl Sum {
    pub fn add(&mut self, by: Amount) {
        self.0 += by.0;
    }
}

fn main() {}
