//! The door of the run queue: a worker that looks around before it sleeps is handed its next turn there, and whoever hands it
//! over knows that it begins at once.

use std::hint;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sync::{AtomicU8, Mutex};

// ```text
//   SHUT -- open: a worker looks --> OPEN -- give --> GIVEN -- shut: it takes what was given --> SHUT
//                                    OPEN -- shut: it has looked in vain --> SHUT
// ```
const SHUT: u8 = 0;
const OPEN: u8 = 1;
const GIVEN: u8 = 2;

/// How often who looks does so: a few microseconds.
const LOOKS: usize = 300;

/// One thread looks there at a time.
pub(crate) struct Door<T> {
    /// Leaves `OPEN` under the lock only.
    state: AtomicU8,
    given: Mutex<Option<T>>,
}

impl<T> Door<T> {
    pub(crate) fn new() -> Self {
        Door { state: AtomicU8::new(SHUT), given: Mutex::new(None) }
    }

    /// Hands something over; gives it back if nobody looks.
    pub(crate) fn give(&self, thing: T) -> Result<(), T> {
        if self.state.load(Relaxed) != OPEN {
            return Err(thing);
        }
        let mut given = self.given.lock();
        if self.state.load(Relaxed) != OPEN {
            return Err(thing);
        }
        *given = Some(thing);
        self.state.store(GIVEN, Release);
        Ok(())
    }

    /// Opens it for the calling thread, which looks there as soon as it has nothing else to do; false if it is open already.
    pub(crate) fn open(&self) -> bool {
        self.state.compare_exchange(SHUT, OPEN, Acquire, Relaxed).is_ok()
    }

    /// Whether somebody looks.
    pub(crate) fn is_open(&self) -> bool {
        self.state.load(Relaxed) == OPEN
    }

    /// Looks for some microseconds, or until there is something else to do; then the door is shut. Returns what was given.
    pub(crate) fn look(&self, enough: impl Fn() -> bool) -> Option<T> {
        for _ in 0..LOOKS {
            if self.is_given() || enough() {
                break;
            }
            hint::spin_loop();
        }
        self.shut()
    }

    /// Whether something has been given to who looks.
    pub(crate) fn is_given(&self) -> bool {
        self.state.load(Relaxed) == GIVEN
    }

    /// Ends what [`Door::open`] has begun. Returns what was given.
    pub(crate) fn shut(&self) -> Option<T> {
        let mut given = self.given.lock();
        self.state.store(SHUT, Relaxed);
        given.take()
    }
}
