//! What the attribute may stand on, and what may stand in it.

struct Generic<T>(T);

#[linkspan::service]
impl<T> Generic<T> {
    pub fn nothing(&self) {}
}

#[derive(Default)]
struct Sum(i64);

#[linkspan::service]
impl Clone for Sum {
    fn clone(&self) -> Self {
        Sum(self.0)
    }
}

#[linkspan::service(fast)]
impl Sum {
    pub fn total(&self) -> i64 {
        self.0
    }
}

fn main() {}
