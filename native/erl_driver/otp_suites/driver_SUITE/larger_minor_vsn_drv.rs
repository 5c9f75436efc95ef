//! larger_minor_vsn_drv: of a minor version that is yet to come: not loaded.
#![forbid(unsafe_code)]

#[path = "parts/nothing.rs"]
mod nothing;

use erl_driver::sys::{ERL_DRV_EXTENDED_MAJOR_VERSION as MAJOR, ERL_DRV_EXTENDED_MINOR_VERSION as MINOR};
use erl_driver::{Draft, raw};

fn load() -> Draft {
    raw::version(nothing::entry(), MAJOR, MINOR + 1)
}

erl_driver::driver!(load);
