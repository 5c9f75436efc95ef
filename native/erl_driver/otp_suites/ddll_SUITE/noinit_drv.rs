//! noinit_drv: has no `driver_init`, so that it cannot be loaded.
#![forbid(unsafe_code)]
