//! An operation takes `self` and what callers can send; all that is wrong is said at once.

#[derive(Default)]
struct Sum(i64);

#[linkspan::service]
impl Sum {
    pub fn new() -> Self {
        Sum(0)
    }

    pub fn consumed(self) {}

    pub async fn wait(&self) {}

    pub fn one<T>(&self, _one: T) {}

    pub fn pair(&self, (a, b): (i64, i64)) -> i64 {
        a + b
    }
}

fn main() {}
