//! See `linkspan_fuzz::frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    linkspan_fuzz::frame::check(bytes);
});
