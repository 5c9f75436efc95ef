//! See `linkspan_fuzz::argument`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    linkspan_fuzz::argument::check(bytes);
});
