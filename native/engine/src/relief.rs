//! Whether another worker has taken the place of the one that runs an instance's last turn, which may never come back.

use std::sync::atomic::Ordering::SeqCst;

use crate::sync::AtomicU8;

// ```text
//   EXPECTED -- relieve: one more worker --> RELIEVED -- come_back: one worker less --> BACK
//   EXPECTED -- come_back --> BACK
// ```
const EXPECTED: u8 = 0;
const RELIEVED: u8 = 1;
const BACK: u8 = 2;

/// One step decides of both, who relieves and who comes back: otherwise there would be a worker too few, or too many.
#[derive(Debug)]
pub(crate) struct Relief(AtomicU8);

impl Relief {
    pub(crate) fn new() -> Self {
        Relief(AtomicU8::new(EXPECTED))
    }

    /// Whether the worker is to be relieved by whoever calls this: true once, and only if it has not come back.
    pub(crate) fn relieve(&self) -> bool {
        self.0.compare_exchange(EXPECTED, RELIEVED, SeqCst, SeqCst).is_ok()
    }

    /// Whether another worker is there already.
    pub(crate) fn is_relieved(&self) -> bool {
        self.0.load(SeqCst) == RELIEVED
    }

    /// Notes that the last turn is over; returns whether its worker has been relieved, and is to go.
    pub(crate) fn come_back(&self) -> bool {
        self.0.swap(BACK, SeqCst) == RELIEVED
    }
}
