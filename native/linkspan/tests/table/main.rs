//! The exported table of a service library, used as a host uses it.

mod answers;
mod context;
mod host;
mod life;
mod panic;
mod probe;
mod streams;
