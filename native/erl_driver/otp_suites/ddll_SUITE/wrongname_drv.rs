//! wrongname_drv: its entry has the name of another driver, so that it cannot be loaded.
#![forbid(unsafe_code)]

use erl_driver::BareDriver;

struct Wrongname;

impl BareDriver for Wrongname {}

erl_driver::bare_driver!(Wrongname, "easy":);
