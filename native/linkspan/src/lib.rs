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
pub mod typed;

pub use bytes::Bytes;
pub use context::{Canceller, Context, Emitter};
pub use error::{Error, Result};
/// How a type of your own looks to callers: structs with named fields, and enums. Names are those that serde gives.
///
/// ```
/// #[derive(serde::Serialize, serde::Deserialize, linkspan::Typed)]
/// struct Point {
///     x: f64,
///     y: f64,
/// }
/// ```
pub use linkspan_macros::Typed;
/// Makes a service of an `impl` block: each `pub fn` is an operation.
///
/// Arguments and results are terms, by serde (see [`etf`]); names, types and doc comments go into the library's
/// description, from which modules with specs are made in Elixir.
///
/// ```
/// use linkspan::{Bytes, Context, Error};
///
/// /// Adds up what it is told.
/// struct Sum(i64);
///
/// #[linkspan::service]
/// impl Sum {
///     /// What it is started with. Without `start` a service begins with its `Default`.
///     fn start(total: i64) -> Self {
///         Sum(total)
///     }
///
///     /// Adds `by`. Short: it may run on the caller's scheduler thread at once.
///     #[op(short)]
///     pub fn add(&mut self, by: i64) -> i64 {
///         self.0 += by;
///         self.0
///     }
///
///     /// Errors become `{error, {service, Code, Message}}`.
///     pub fn divide(&self, by: i64) -> Result<i64, Error> {
///         self.0.checked_div(by).ok_or_else(|| Error::new(1, "division by zero"))
///     }
///
///     /// Nobody waits for this.
///     #[op(cast)]
///     pub fn reset(&mut self) {
///         self.0 = 0;
///     }
///
///     /// As many parts as the caller takes, in its own time.
///     #[op(stream)]
///     pub fn multiples(&self) -> impl Iterator<Item = i64> + Send + use<> {
///         let total = self.0;
///         (1..).map(move |count| total * count)
///     }
///
///     /// Bytes there and back, no terms; and the host's side of the call.
///     #[op(raw, long)]
///     pub fn reversed(&self, body: &[u8], cx: &Context<'_>) -> Bytes {
///         if cx.is_cancelled() { Bytes::new() } else { body.iter().rev().copied().collect() }
///     }
/// }
///
/// linkspan::export!(Sum);
/// # fn main() {}
/// ```
///
/// In the brackets: `name = "..."` instead of the type's name in snake case, `independent` ([`Service::INDEPENDENT`]) and
/// `dedicated` ([`Threading::Dedicated`]). In `#[op(...)]`: a cost, `short`, `long` or `learn` ([`Cost`]); a form, `cast`,
/// `stream` or `raw`; `name = "..."` and `number = N`, by default one more than the highest before.
///
/// What is wrong is said at its place:
///
/// ```compile_fail
/// # struct Sum;
/// #[linkspan::service]
/// impl Sum {
///     pub fn new() -> Self { Sum } // operation `new` needs `&self` or `&mut self`
///     pub async fn wait(&self) {} // operation `wait` cannot be async
///     pub fn one<T>(&self, _: T) {} // operation `one` cannot be generic
/// }
/// ```
pub use linkspan_macros::service;
pub use reply::Reply;
pub use request::Request;
pub use service::{Cost, Operation, Service, Threading};
pub use typed::Typed;
