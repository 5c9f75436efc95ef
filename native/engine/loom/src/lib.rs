//! The engine's tickets and schedules in every order in which threads can take their steps. `ticket.rs`, `schedule.rs`,
//! `door.rs`, `relief.rs` and `sync.rs` are the engine's own; what they use besides has a stand-in here.
#![cfg(loom)]
#![allow(dead_code)] // a model needs a part of a ticket only

use bytes::Bytes;

#[cfg(test)]
mod answers;
#[path = "../../src/door.rs"]
mod door;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod house;
#[path = "../../src/relief.rs"]
mod relief;
#[cfg(test)]
mod reliefs;
#[path = "../../src/schedule.rs"]
mod schedule;
#[cfg(test)]
mod streams;
#[path = "../../src/sync.rs"]
mod sync;
#[path = "../../src/ticket.rs"]
mod ticket;
#[cfg(test)]
mod turns;
#[cfg(test)]
mod workshop;

/// Stands still: no deadline passes.
mod clock {
    pub fn now() -> u64 {
        0
    }
}

/// How an instance is to behave: of no matter here.
#[derive(Clone, Debug)]
pub struct Options;

/// How a request ended, as far as a ticket says so itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Ok(Bytes),
    Part(Bytes),
    BadRequest(Bytes),
    Cancelled,
    Closed,
}

/// Where one answer goes.
pub trait Recipient: Send + Sync {
    fn reply(&self, outcome: Outcome);
}
