//! smaller_major_vsn_drv: of a major version that is too old: not loaded.
#![forbid(unsafe_code)]

#[path = "parts/nothing.rs"]
mod nothing;

use erl_driver::sys::{ERL_DRV_EXTENDED_MINOR_VERSION as MINOR, ERL_DRV_MIN_REQUIRED_MAJOR_VERSION_ON_LOAD as OLDEST};
use erl_driver::{Draft, raw};

fn load() -> Draft {
    raw::version(nothing::entry(), OLDEST - 1, MINOR)
}

erl_driver::driver!(load);
