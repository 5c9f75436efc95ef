//! `driver_init` returns NULL.

erl_driver::raw_no_entry!();
