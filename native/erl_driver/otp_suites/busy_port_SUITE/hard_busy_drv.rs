//! hard_busy_drv: nobody gets through to its busy ports.
#![forbid(unsafe_code)]

#[path = "parts/hs_busy_drv.rs"]
mod hs_busy_drv;

erl_driver::driver!(hs_busy_drv::Busy<false>: start, output, control);
