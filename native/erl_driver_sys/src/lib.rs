//! `erl_driver.h`, driver API 3.3 (OTP 25 to 29), in Rust: layouts, constants, functions.
//!
//! Names and order are those of the header. No decisions are made here; `erl_driver` is the safe crate above. The last
//! word of each function's first line is the manual's thread rule:
//!
//! - *SAFE*: on any thread.
//! - *PDL*: on any thread that holds the port's data lock; as *CB* for ports that have none.
//! - *CB*: only inside a callback of the port, on the thread that runs it, with the lock that the VM took for it.
#![no_std]
#![allow(non_camel_case_types)] // the header's names

mod constants;
mod data;
mod entry;
mod port;
mod terms;
mod threads;
mod types;

pub use constants::*;
pub use data::*;
pub use entry::*;
pub use port::*;
pub use terms::*;
pub use threads::*;
pub use types::*;
