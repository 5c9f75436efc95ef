//! invalid_extended_marker_drv: the marker of its entry is wrong: not loaded.
#![forbid(unsafe_code)]

#[path = "parts/nothing.rs"]
mod nothing;

use erl_driver::{Draft, raw};

fn load() -> Draft {
    raw::marker(nothing::entry(), 0xdead_beef_u32 as i32)
}

erl_driver::driver!(load);
