//! What a form asks of a function.

#[derive(Default)]
struct Sum(i64);

#[linkspan::service]
impl Sum {
    #[op(raw)]
    pub fn bytes(&self, a: &[u8], b: &[u8]) -> Vec<u8> {
        [a, b].concat()
    }

    #[op(stream)]
    pub fn steps(&self) {}

    #[op(quick)]
    pub fn add(&mut self, by: i64) {
        self.0 += by;
    }
}

fn main() {}
