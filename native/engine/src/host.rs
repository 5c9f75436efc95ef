//! What a host brings. Hosts: `driver`, `nif`, `program`.

use std::time::Duration;

use bytes::Bytes;

use crate::Outcome;

/// The host's side of one instance. Its functions are called from any thread and must not block.
pub trait Host: Send + Sync {
    /// `driver`, `nif` or `program`.
    fn name(&self) -> &'static str;

    /// Bytes of stack that a service may use when it runs inline, on a thread of the host. Always the same.
    fn inline_stack(&self) -> usize;

    /// Sends an event to whoever listens to the instance.
    fn event(&self, event: Bytes);

    /// An operation held the thread it ran on inline for so long that it will be deferred from now on.
    fn overran(&self, service: &str, operation: &str, spent: Duration);

    /// Whether deferred requests are to run on threads of the host: then it is asked for turns. Load, start and stop
    /// stay with the workers.
    fn runs_turns(&self) -> bool {
        false
    }

    /// Asks for a turn: one call of [`Instance::run_turn`](crate::Instance::run_turn). A host that cannot do so any
    /// more closes the instance.
    fn ask_turn(&self) {}

    /// The instance has ended by itself: by a panic, or because it could not start and nobody waits for the news.
    /// Called at most once, on a worker, after everything that was waiting in its queue has been answered.
    fn ended(&self, reason: Outcome);
}

/// Where one answer goes.
pub trait Recipient: Send + Sync {
    /// Hands the answer over. Called from any thread, at most once.
    fn reply(&self, outcome: Outcome);
}
