//! zero_extended_marker_garb_drv: the marker of its entry is 0: not loaded.
#![forbid(unsafe_code)]

#[path = "parts/nothing.rs"]
mod nothing;

use erl_driver::{Draft, raw};

fn load() -> Draft {
    raw::marker(nothing::entry(), 0)
}

erl_driver::driver!(load);
