//! Safe Rust for Erlang port drivers: the part that Linkspan's own driver needs.
//!
//! A driver is a type that implements [`Driver`]; [`driver!`] makes the entry that `erl_ddll` looks for and lists
//! the callbacks the driver has. Callbacks get a [`Port`], which cannot leave the thread; [`PortId`], [`Pid`],
//! [`Atom`] and [`Binary`] can.
//!
//! ```no_run
//! use erl_driver::{Control, Driver, Port, Refusal, Replied};
//!
//! struct Echo;
//!
//! impl Driver for Echo {
//!     fn start(port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
//!         port.answer_binaries();
//!         Ok(Echo)
//!     }
//!     fn control<'a>(&mut self, _port: &Port<'_>, _operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
//!         reply.bytes(body)
//!     }
//! }
//!
//! erl_driver::driver!(Echo, "echo_drv": control);
//! ```

mod binary;
mod driver;
#[doc(hidden)]
pub mod entry;
mod port;
mod reply;
mod term;
pub mod thread;
mod vector;

pub use binary::{Binary, Slice};
pub use driver::{Driver, Refusal};
pub use port::{Monitor, Port};
pub use reply::{Control, Replied};
pub use term::{Atom, NotSent, Pid, PortId, Terms};
pub use vector::{Part, Vector};
