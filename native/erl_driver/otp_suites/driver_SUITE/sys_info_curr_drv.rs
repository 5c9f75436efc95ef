//! sys_info_curr_drv: a driver of the current API asks what the VM is.
#![forbid(unsafe_code)]

#[path = "parts/sys_info_drv.rs"]
mod sys_info_drv;

use erl_driver::sys::{ERL_DRV_EXTENDED_MAJOR_VERSION, ERL_DRV_EXTENDED_MINOR_VERSION};
use sys_info_drv::SysInfo;

type Current = SysInfo<ERL_DRV_EXTENDED_MAJOR_VERSION, ERL_DRV_EXTENDED_MINOR_VERSION>;

erl_driver::driver!(Current: start, control);
