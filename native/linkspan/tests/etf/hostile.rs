//! Bytes that mean harm. What must not happen is a panic, an overflow of the stack, or an allocation for what was only
//! announced; the allocator of this test counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;

use linkspan::etf::{self, Limits, Reason, Term};
use serde::Deserialize;

use crate::versioned;

/// Counts what a thread allocates while it has a counter.
struct Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

#[allow(unsafe_code)] // an allocator cannot be written without
// SAFETY: all of it is the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.with(|count| count.set(count.get() + layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise; the memory is of `alloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocated<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATED.with(Cell::get);
    let value = run();
    (value, ALLOCATED.with(Cell::get) - before)
}

/// A term of every form.
fn sample() -> Vec<u8> {
    versioned(
        &[
            &b"h\x0f"[..],
            b"a\x05b\0\0\x01\0n\x09\x01\x01\x02\x03\x04\x05\x06\x07\x08\x09",
            b"F\x3f\xf8\0\0\0\0\0\0w\x02okd\0\x01\xe4m\0\0\0\x02\xff\0M\0\0\0\x01\x03\xa0",
            b"k\0\x02abl\0\0\0\x02b\0\0\x01\0jjl\0\0\0\x01a\x01a\x02",
            b"t\0\0\0\x02w\x01aa\x01m\0\0\0\x01bh\0",
            b"Xw\x01n\0\0\0\x01\0\0\0\x02\0\0\0\x03Z\0\x01w\x01n\0\0\0\x03\0\0\0\x01",
            b"p\0\0\0\x33\x01uuuuuuuuuuuuuuuu\0\0\0\x01\0\0\0\x01w\x01ma\x01a\x02gw\x01n\0\0\0\x01\0\0\0\x02\x03h\x01j",
        ]
        .concat(),
    )
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)] // what is read matters, not what for
struct Typed {
    a: Option<Vec<(String, u8)>>,
    b: Result<BTreeMap<i64, f64>, char>,
}

/// Reads as what it can be read as. Returns whether it is a term.
fn read(bytes: &[u8]) -> bool {
    let _ = etf::from_slice::<Typed>(bytes).map_err(|error| error.to_string());
    let _ = etf::from_slice::<Vec<Vec<String>>>(bytes).map_err(|error| error.to_string());
    let _ = etf::from_slice::<Result<u8, Vec<char>>>(bytes).map_err(|error| error.to_string());
    etf::from_slice::<Term<'_>>(bytes).map_err(|error| error.to_string()).is_ok()
}

#[test]
fn a_term_cut_off_anywhere_is_refused() {
    let sample = sample();
    assert!(read(&sample));
    for length in 0..sample.len() {
        let error = etf::from_slice::<Term<'_>>(&sample[..length]).unwrap_err();
        assert!(matches!(error.reason(), Reason::Truncated), "{length}: {error}");
        assert!(!read(&sample[..length]));
    }
}

#[test]
fn any_bit_may_be_wrong() {
    let sample = sample();
    let mut refused = 0;
    for bit in 0..sample.len() * 8 {
        let mut bytes = sample.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (is_term, allocated) = allocated(|| read(&bytes));
        refused += usize::from(!is_term);
        assert!(allocated < 100_000, "bit {bit}: {allocated} bytes");
    }
    assert!(refused > sample.len(), "{refused}");
}

#[test]
fn nothing_is_allocated_for_a_length() {
    for head in [
        &b"l\xff\xff\xff\xff"[..],
        b"i\xff\xff\xff\xff",
        b"t\xff\xff\xff\xff",
        b"m\xff\xff\xff\xff",
        b"o\xff\xff\xff\xff\0",
        b"M\xff\xff\xff\xff\x03",
        b"k\xff\xff",
        b"h\xff",
        b"n\xff\0",
        b"v\xff\xff",
        b"w\xff",
        b"Z\xff\xffw\x01n",
        b"p\xff\xff\xff\xff\x01uuuuuuuuuuuuuuuu\0\0\0\x01\xff\xff\xff\xff",
    ] {
        for bytes in [versioned(head), versioned(&[b"l\0\0\0\x01", head, &[b'j'; 100]].concat())] {
            let (error, allocated) = allocated(|| etf::from_slice::<Term<'_>>(&bytes).unwrap_err());
            assert!(matches!(error.reason(), Reason::Truncated), "{error}");
            assert!(allocated < 4096, "{head:?}: {allocated} bytes");
            let (_, allocated) = allocated_typed(&bytes);
            assert!(allocated < 4096, "{head:?}: {allocated} bytes");
        }
    }
}

fn allocated_typed(bytes: &[u8]) -> ((), usize) {
    allocated(|| {
        let _ = etf::from_slice::<Vec<Vec<u64>>>(bytes);
        let _ = etf::from_slice::<BTreeMap<u64, String>>(bytes);
        let _ = etf::from_slice::<serde::de::IgnoredAny>(bytes);
    })
}

#[test]
fn what_is_announced_and_is_there_costs_no_more_than_it_is() {
    // In each of 100 lists a million elements are announced, which the bytes behind could be.
    let bytes = versioned(&[b"l\0\x0f\x42\x40".repeat(100), vec![b'm'; 1_000_000]].concat());
    let (result, allocated) = allocated(|| etf::from_slice::<Term<'_>>(&bytes));
    assert!(result.is_err());
    assert!(allocated < 8_000_000, "{allocated} bytes");
}

#[test]
fn a_million_levels_are_an_error() {
    for (open, close) in
        [(&b"l\0\0\0\x01"[..], &b"j"[..]), (b"h\x01", b""), (b"t\0\0\0\x01a\x01", b""), (b"t\0\0\0\x01", b"j")]
    {
        let bytes = versioned(&[open.repeat(1_000_000), b"j".to_vec(), close.repeat(1_000_000)].concat());
        let error = etf::from_slice::<Term<'_>>(&bytes).unwrap_err();
        assert!(matches!(error.reason(), Reason::TooDeep(128)), "{error}");
        let error = etf::from_slice::<Nested>(&bytes).unwrap_err();
        assert!(matches!(error.reason(), Reason::TooDeep(128) | Reason::Unexpected { .. }), "{error}");
        // Without recursion there is no need for a limit.
        etf::from_slice::<serde::de::IgnoredAny>(&bytes).unwrap();
    }
}

#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Nested(#[allow(dead_code)] Vec<Nested>);

#[test]
fn free_variables_of_funs_nest_without_recursion() {
    let fun = b"p\0\0\0\0\x01uuuuuuuuuuuuuuuu\0\0\0\x01\0\0\0\x01w\x01ma\x01a\x02gw\x01n\0\0\0\x01\0\0\0\x02\x03";
    let bytes = versioned(&[fun.repeat(100_000), b"j".to_vec()].concat());
    assert!(matches!(etf::from_slice::<Term<'_>>(&bytes).unwrap(), Term::Opaque(_)));
}

/// The least stack that anything runs on is that of a dirty scheduler: 320 KiB.
#[test]
fn the_default_depth_needs_little_stack() {
    let levels = 128;
    let list = versioned(&[b"l\0\0\0\x01".repeat(levels), b"j".repeat(levels + 1)].concat());
    let map = versioned(&[b"t\0\0\0\x01a\x01".repeat(levels), b"j".to_vec()].concat());
    let stack = if cfg!(debug_assertions) { 1 << 20 } else { 128 << 10 };
    let run = move || {
        for bytes in [list, map] {
            let term: Term<'_> = etf::from_slice(&bytes).unwrap();
            assert_eq!(etf::to_vec(&term).unwrap(), bytes);
        }
    };
    std::thread::Builder::new().stack_size(stack).spawn(run).unwrap().join().unwrap();
}

/// A seeded walk through damaged terms: bytes changed, removed, doubled, and put together.
#[test]
fn a_mutated_term_is_read_or_refused() {
    let mut mutator = mutator::Mutator::new(0x6c69_6e6b, vec![sample()]);
    for _ in 0..20_000 {
        let bytes = mutator.next();
        let (_, allocated) = allocated(|| check(&bytes));
        assert!(allocated < 1_000_000, "{}: {allocated} bytes", bytes.escape_ascii());
    }
}

fn check(bytes: &[u8]) {
    read(bytes);
    if let Ok(term) = etf::from_slice_with::<Term<'_>>(bytes, Limits::DEFAULT) {
        let written = etf::to_vec(&term).unwrap();
        assert_eq!(etf::from_slice::<Term<'_>>(&written).unwrap(), term);
    }
}

#[path = "mutator.rs"]
mod mutator;
