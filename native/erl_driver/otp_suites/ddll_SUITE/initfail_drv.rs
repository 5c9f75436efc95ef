//! initfail_drv: its `driver_init` gives no entry, so that it cannot be loaded.
#![forbid(unsafe_code)]

erl_driver::raw_no_entry!();
