//! See `linkspan_fuzz::script`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    linkspan_fuzz::script::check(bytes);
});
