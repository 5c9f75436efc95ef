//! A stream cannot borrow the service, or no other request could run until its end.

#[derive(Default)]
struct Sum(Vec<i64>);

#[linkspan::service]
impl Sum {
    #[op(stream)]
    pub fn all(&self) -> impl Iterator<Item = i64> {
        self.0.iter().copied()
    }
}

fn main() {}
