//! Safe Rust for Erlang port drivers.
//!
//! A driver is a type that implements [`Driver`]; [`driver!`] makes the entry that `erl_ddll` looks for and lists the
//! callbacks the driver has. Callbacks get a [`Port`], which cannot leave the thread; [`PortId`], [`Pid`], [`Atom`],
//! [`Binary`] and [`DataLock`] can. No `unsafe` is needed in a driver. [`guide`] says how a driver in C becomes one in Rust.
//!
//! The whole of a driver, to be built as a `cdylib`:
//!
//! ```no_run
#![doc = include_str!("../tests/drivers/echo.rs")]
//! ```
//!
//! ```erlang
//! ok = erl_ddll:load("target/release", "libecho_drv"),  % or link it to echo_drv.so, and call it so
//! ```

mod binary;
mod binary_mut;
mod data_lock;
mod driver;
#[doc(hidden)]
pub mod entry;
pub mod env;
mod id;
mod job;
mod kept;
mod memory;
pub mod panic;
mod port;
mod queue;
pub mod raw;
mod reply;
mod select;
pub mod system;
mod term;
pub mod thread;
pub mod time;
mod vector;
mod vector_builder;

pub use binary::Binary;
pub use binary_mut::BinaryMut;
pub use data_lock::DataLock;
pub use driver::{BareDriver, Driver, InitFailed, Locking, Refusal};
pub use entry::{BareEntry, Draft, Entry};
pub use erl_driver_sys as sys;
pub use id::{Atom, NotSent, Pid, PortId};
pub(crate) use job::Job;
pub use job::{AsyncKey, NotStarted};
pub use memory::{DriverAllocator, Memory};
pub use port::{BusyLimits, Monitor, NotCreated, NotMonitored, OtherPort, Port, Sibling};
pub use queue::{NoLock, NoQueue, Queue, QueueAccess};
pub use reply::{Call, Control, Replied};
pub use select::{AsEvent, Event, Mode, NotSelected};
pub use term::Terms;
pub use vector::{Part, Vector};
pub use vector_builder::VectorBuilder;

/// From C to Rust, callback by callback.
// Its code is in pieces that do not compile alone.
#[cfg_attr(not(doctest), doc = include_str!("../../../docs/erl_driver.md"))]
pub mod guide {}
