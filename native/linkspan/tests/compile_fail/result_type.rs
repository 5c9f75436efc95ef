//! A result is written by serde: the error is at its type, in the function.

#[derive(Default)]
struct Sum(i64);

struct Amount(i64);

#[linkspan::service]
impl Sum {
    pub fn total(&self) -> Amount {
        Amount(self.0)
    }

    pub fn perhaps(&self) -> Result<Amount, linkspan::Error> {
        Ok(Amount(self.0))
    }
}

fn main() {}
