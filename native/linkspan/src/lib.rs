//! Write a native service once; a host runs it inside the BEAM or in a program of its own.
//!
//! A service is a type that implements [`Service`]; [`export!`] makes a service library of it. The library is a
//! `cdylib` and knows nothing of the BEAM, so `cargo test` works on it as on any crate.
//!
//! ```
//! use linkspan::{Context, Cost, Error, Operation, Reply, Request, Result, Service};
//!
//! /// Adds up what it is told.
//! struct Sum(i64);
//!
//! impl Service for Sum {
//!     const NAME: &'static str = "sum";
//!     const OPERATIONS: &'static [Operation] = &[Operation::new(1, "add")];
//!
//!     fn start(_argument: &[u8], _cx: &Context<'_>) -> Result<Self> {
//!         Ok(Sum(0))
//!     }
//!
//!     fn call(&mut self, request: Request<'_>, _cx: &Context<'_>) -> Result<Reply> {
//!         let text = std::str::from_utf8(request.body()).map_err(Error::bad_request)?;
//!         self.0 += text.parse::<i64>().map_err(Error::bad_request)?;
//!         Ok(Reply::copy(self.0.to_string().as_bytes()))
//!     }
//!
//!     fn cost(_operation: u32, _body: usize) -> Cost {
//!         Cost::Short
//!     }
//! }
//!
//! linkspan::export!(Sum);
//! # fn main() {}
//! ```
#![deny(unsafe_code)]

mod context;
mod error;
pub mod etf;
#[allow(unsafe_code)] // the one module that crosses the service ABI
#[doc(hidden)]
pub mod ffi;
mod panic;
mod reply;
mod request;
mod service;

pub use bytes::Bytes;
pub use context::{Canceller, Context, Emitter};
pub use error::{Error, Result};
pub use reply::Reply;
pub use request::Request;
pub use service::{Cost, Operation, Service, Threading};
