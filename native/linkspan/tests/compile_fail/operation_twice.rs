//! Numbers and names of operations are their own.

#[derive(Default)]
struct Sum(i64);

#[linkspan::service]
impl Sum {
    pub fn add(&mut self, by: i64) {
        self.0 += by;
    }

    #[op(number = 1)]
    pub fn subtract(&mut self, by: i64) {
        self.0 -= by;
    }

    #[op(name = "add")]
    pub fn plus(&mut self, by: i64) {
        self.0 += by;
    }
}

fn main() {}
