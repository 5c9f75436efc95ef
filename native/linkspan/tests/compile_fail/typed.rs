//! What can be described.

#[derive(linkspan::Typed)]
struct Pair(i64, i64);

#[derive(linkspan::Typed)]
union Either {
    a: u8,
    b: i8,
}

struct Unknown;

#[derive(linkspan::Typed)]
struct Holder {
    unknown: Unknown,
}

fn main() {}
