//! A raw operation takes and returns bytes.

#[derive(Default)]
struct Sum(i64);

#[linkspan::service]
impl Sum {
    #[op(raw)]
    pub fn number(&self, _body: &[u8]) -> i64 {
        self.0
    }

    #[op(raw)]
    pub fn text(&self, body: String) -> Vec<u8> {
        body.into_bytes()
    }
}

fn main() {}
