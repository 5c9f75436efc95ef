//! What an instance counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $(pub(crate) $name: Counter,)* }

        /// What an instance has counted so far.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Counts { $($(#[$doc])* pub $name: u64,)* }

        impl Counters {
            pub(crate) fn read(&self) -> Counts {
                Counts { $($name: self.$name.0.load(Relaxed),)* }
            }
        }

        impl Counts {
            /// The counts in the order in which `docs/frame.md` lists them.
            pub fn in_order(&self) -> impl Iterator<Item = u64> {
                [$(self.$name,)*].into_iter()
            }
        }
    };
}

counters! {
    /// Requests run on the caller's thread.
    inline,
    /// Requests run on a worker.
    deferred,
    /// Requests that the service refused or could not read.
    errors,
    /// Panics.
    panics,
    /// Requests cancelled before they were answered.
    cancelled,
    /// Requests refused because the queue was full.
    busy,
    /// Events sent.
    events,
    /// Inline runs that held their thread for 1 ms of CPU time or more.
    overruns,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// For what only the holder of the instance's state counts: costs a fraction of [`Counter::add`].
    #[inline]
    pub(crate) fn add_alone(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }
}
