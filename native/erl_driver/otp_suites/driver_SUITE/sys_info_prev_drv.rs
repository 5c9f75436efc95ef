//! sys_info_prev_drv: a driver of API 3.0 asks what the VM is, with room for what was known then.
#![forbid(unsafe_code)]

#[path = "parts/sys_info_drv.rs"]
mod sys_info_drv;

use erl_driver::{Draft, Entry, raw};
use sys_info_drv::SysInfo;

fn load() -> Draft {
    raw::version(Entry::<SysInfo<3, 0>>::new("sys_info_prev_drv").control(), 3, 0)
}

erl_driver::driver!(load);
