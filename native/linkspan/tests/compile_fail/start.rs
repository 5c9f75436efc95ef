//! `start` makes the service, `stop` takes it.

struct Sum(i64);

#[linkspan::service]
impl Sum {
    fn start(&self) -> Self {
        Sum(0)
    }

    fn stop(&self) {}
}

struct Nothing;

#[linkspan::service]
impl Nothing {
    fn start(total: i64) {}
}

struct NoDefault(i64);

#[linkspan::service]
impl NoDefault {
    pub fn total(&self) -> i64 {
        self.0
    }
}

fn main() {}
