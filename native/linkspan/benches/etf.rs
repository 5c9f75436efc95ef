//! `linkspan::etf` against `eetf`: the same terms read and written, dynamically by both, and typed by ours.
//!
//! Both take turns in blocks of some milliseconds; what is printed is the median of the ratios. `a/a` is ours against
//! itself: the noise. `both ways` is the time of reading and writing together, as an operation has it. The means are also
//! given without the long binary, of which reading only borrows and writing only copies. Ours sorts the entries of maps,
//! theirs writes them in any order. Run by `cargo bench -p linkspan --bench etf [-- BLOCKS]`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use eetf::Term as Theirs;
use linkspan::etf::{self, Atom, Binary, Term};
use serde::{Deserialize, Serialize};

const BLOCK: Duration = Duration::from_millis(5);

#[derive(Serialize, Deserialize)]
struct User<'a> {
    id: u64,
    name: &'a str,
    email: Option<&'a str>,
    score: f64,
    role: Role,
    tags: Vec<&'a str>,
    position: (i32, i32),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    Guest,
    Member { since: u32 },
}

fn user(id: u64) -> User<'static> {
    User {
        id: id * 1_000_000_007,
        name: "Ada Lovelace",
        email: (id.is_multiple_of(2)).then_some("ada@example.org"),
        score: id as f64 / 3.0,
        role: if id.is_multiple_of(3) { Role::Guest } else { Role::Member { since: 1843 } },
        tags: vec!["first", "second", "third"],
        position: (id as i32 * 1000, -5),
    }
}

/// A map of 100 atoms to binaries as the VM writes it: in the order of its atom table, which is any.
fn map() -> Vec<u8> {
    let mut bytes = b"\x83t\0\0\0\x64".to_vec();
    for index in 0..100 {
        let name = format!("key_{}", index * 37 % 100);
        bytes.extend_from_slice(
            &[b"w", &[name.len() as u8][..], name.as_bytes(), b"m\0\0\0\x10sixteen bytes ok"].concat(),
        );
    }
    bytes
}

/// Nanoseconds for one run, over about one block.
fn block(run: &mut dyn FnMut()) -> f64 {
    let (start, mut runs) = (Instant::now(), 0_u32);
    loop {
        for _ in 0..8 {
            run();
        }
        runs += 8;
        let elapsed = start.elapsed();
        if elapsed >= BLOCK {
            return elapsed.as_nanos() as f64 / f64::from(runs);
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What ours and theirs cost in blocks that took turns, in nanoseconds.
type Pairs = Vec<(f64, f64)>;

fn measure(blocks: usize, mut ours: impl FnMut(), mut theirs: impl FnMut()) -> Pairs {
    (0..blocks).map(|_| (block(&mut ours), block(&mut theirs))).collect()
}

/// Prints what both cost and how much more theirs does. Returns the ratio.
fn compare(what: &str, pairs: &Pairs) -> f64 {
    let of = |part: fn(&(f64, f64)) -> f64| median(pairs.iter().map(part).collect());
    let (ours, theirs, ratio) = (of(|pair| pair.0), of(|pair| pair.1), of(|pair| pair.1 / pair.0));
    println!("{what:46} {ours:12.0} ns {theirs:12.0} ns {ratio:8.2}");
    ratio
}

fn together(read: &Pairs, written: &Pairs) -> Pairs {
    read.iter().zip(written).map(|(a, b)| (a.0 + b.0, a.1 + b.1)).collect()
}

fn encoded(term: &Theirs) -> Vec<u8> {
    // As its documentation has it.
    let mut bytes = Vec::new();
    term.encode(&mut bytes).expect("their own term");
    bytes
}

const WAYS: [&str; 6] = ["read", "write", "both ways", "read, typed", "write, typed", "both ways, typed"];

/// Ratios of one term, in all ways.
fn term<'a, T: Serialize + Deserialize<'a>>(name: &str, bytes: &'a [u8], blocks: usize) -> [f64; 6] {
    let ours: Term<'_> = etf::from_slice(bytes).expect("a term");
    let typed: T = etf::from_slice(bytes).expect("of this type");
    let theirs = Theirs::decode(bytes).expect("a term");
    let read = || drop(black_box(Theirs::decode(black_box(bytes))));
    let written = || drop(black_box(encoded(black_box(&theirs))));
    let [r, w, rt, wt] = [
        measure(blocks, || drop(black_box(etf::from_slice::<Term<'_>>(black_box(bytes)))), read),
        measure(blocks, || drop(black_box(etf::to_vec(black_box(&ours)))), written),
        measure(blocks, || drop(black_box(etf::from_slice::<T>(black_box(bytes)))), read),
        measure(blocks, || drop(black_box(etf::to_vec(black_box(&typed)))), written),
    ];
    let all = [together(&r, &w), together(&rt, &wt)];
    let [both, both_typed] = &all;
    let mut ways = WAYS.iter();
    [&r, &w, both, &rt, &wt, both_typed].map(|pairs| {
        let way = ways.next().expect("a name for each way");
        compare(&format!("{name}: {way}"), pairs)
    })
}

fn main() {
    let blocks = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(31);
    println!("{:46} {:>15} {:>15} {:>8}", "", "linkspan::etf", "eetf", "ratio");
    let tuple = etf::to_vec(&(Atom::new("ok"), 5, "hello")).expect("a term");
    let list = etf::to_vec(&(0..1000).map(|n| n * 7).collect::<Vec<i64>>()).expect("a term");
    let map = map();
    let users = etf::to_vec(&(0..20).map(user).collect::<Vec<_>>()).expect("a term");
    let binary = etf::to_vec(&Binary::from(vec![7; 1 << 20])).expect("a term");

    let aa = || drop(black_box(etf::from_slice::<Term<'_>>(black_box(&tuple))));
    compare("a/a", &measure(blocks, aa, aa));
    let ratios = [
        term::<(Atom<'_>, i64, &str)>("{ok, 5, <<\"hello\">>}", &tuple, blocks),
        term::<Vec<i64>>("list of 1,000 integers", &list, blocks),
        term::<std::collections::HashMap<Atom<'_>, &str>>("map of 100 atoms to binaries", &map, blocks),
        term::<Vec<User<'_>>>("list of 20 nested structs", &users, blocks),
        term::<Binary<'_>>("binary of 1 MiB", &binary, blocks),
    ];
    for (index, way) in WAYS.iter().enumerate() {
        let mean = |rows: &[[f64; 6]]| (rows.iter().map(|row| row[index].ln()).sum::<f64>() / rows.len() as f64).exp();
        let (all, short) = (mean(&ratios), mean(&ratios[..ratios.len() - 1]));
        println!("{:46} {all:40.2}; without the binary {short:.2}", format!("geometric mean: {way}"));
    }
}
