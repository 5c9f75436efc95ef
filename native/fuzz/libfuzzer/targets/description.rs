//! See `linkspan_fuzz::description`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    linkspan_fuzz::description::check(bytes);
});
