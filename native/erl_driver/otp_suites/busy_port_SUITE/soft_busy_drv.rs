//! soft_busy_drv: `force` gets through to its busy ports.
#![forbid(unsafe_code)]

#[path = "parts/hs_busy_drv.rs"]
mod hs_busy_drv;

erl_driver::driver!(hs_busy_drv::Busy<true>: start, output, control);
