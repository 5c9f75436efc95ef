//! See `linkspan_fuzz::etf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    linkspan_fuzz::etf::check(bytes);
});
