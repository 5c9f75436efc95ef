//! Runs services for a host: loads their libraries, keeps instances, queues and workers, speaks frames.
//!
//! Nothing here knows the BEAM. A host (`driver`, `nif`, `program`) brings a [`Host`] for each instance and
//! [`Recipient`]s for the answers; the engine does the rest. `ARCHITECTURE.md` draws how the parts meet.
#![deny(unsafe_code)]

#[allow(unsafe_code)] // the one module that crosses the service ABI
mod abi;
mod asking;
mod budget;
mod clock;
mod conversation;
mod counters;
mod door;
mod histogram;
mod host;
mod hosted;
mod instance;
mod library;
mod options;
mod outcome;
mod pending;
mod pool;
mod relief;
mod room;
mod schedule;
mod stopping;
mod stream;
mod sync;
mod thread;
mod ticket;
mod times;
mod turn;

pub mod frame;

pub use abi::Body;
pub use asking::Asked;
pub use clock::{Clock, TimeSource};
pub use conversation::{Conversation, Sink};
pub use counters::Counts;
pub use host::{Host, Recipient};
pub use hosted::Claim;
pub use instance::{Attempt, Inline, Instance, Run};
pub use library::{Described, Libraries, Library, LibraryError};
pub use linkspan_abi::OPERATION_LIMIT;
pub use options::{OnPanic, Options};
pub use outcome::{Outcome, status};
pub use pending::Pending;
pub use pool::{Pool, WORKER_STACK};
pub use ticket::{FOREVER, Job, Ticket};

use std::sync::Arc;

/// What all instances of one process share.
#[derive(Clone)]
pub struct Engine {
    /// The service libraries loaded so far.
    pub libraries: Arc<Libraries>,
    /// The worker threads.
    pub pool: Pool,
    /// The clocks by which it is decided what may run inline.
    pub clock: Clock,
}
