//! Services that are being stopped, on workers. One that does not come back is not to cost the others a worker: a thread
//! watches, which sleeps while nothing is stopped.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::instance::Inner;

/// A stop may take so long before another worker takes the place of its worker.
const PATIENCE: Duration = Duration::from_millis(100);

/// What is being stopped, and who watches it.
#[derive(Default)]
pub(crate) struct Stops {
    state: Mutex<State>,
    /// Only waited for by the watch, and only told to while it sleeps.
    begun: Condvar,
    last: AtomicU64,
}

#[derive(Default)]
struct State {
    /// In the order in which they have begun.
    running: Vec<Stop>,
    watch: Watch,
}

struct Stop {
    number: u64,
    since: Instant,
    instance: Arc<Inner>,
}

// ```text
//   NONE -- the first stop begins --> AWAKE -- nothing to watch for a while --> ASLEEP -- a stop begins --> AWAKE
// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Watch {
    #[default]
    None,
    Awake,
    Asleep,
}

/// A stop that is running; it is over when this is dropped.
pub(crate) struct Stopping<'a> {
    stops: &'a Stops,
    number: u64,
}

impl Stops {
    /// Notes that the calling worker stops the service of an instance; `start_watch` is called the first time, and says
    /// whether there is a watch then.
    pub(crate) fn begin(&self, instance: &Arc<Inner>, start_watch: impl FnOnce() -> bool) -> Stopping<'_> {
        let number = self.last.fetch_add(1, Relaxed);
        let mut state = self.state.lock();
        state.running.push(Stop { number, since: Instant::now(), instance: instance.clone() });
        match std::mem::replace(&mut state.watch, Watch::Awake) {
            Watch::None if !start_watch() => state.watch = Watch::None,
            Watch::Asleep => {
                self.begun.notify_one();
            }
            Watch::None | Watch::Awake => {}
        }
        drop(state);
        Stopping { stops: self, number }
    }

    /// Replaces the worker of each stop that takes too long, for ever. Sleeps when nothing is stopped.
    pub(crate) fn watch(&self, add_worker: impl Fn()) {
        let mut state = self.state.lock();
        loop {
            match state.running.first().map(|stop| stop.since + PATIENCE) {
                Some(until) if Instant::now() < until => {
                    self.begun.wait_until(&mut state, until);
                }
                Some(_) => {
                    // Whoever ends a stop looks for it here first: it is over, or its worker is replaced.
                    if state.running.remove(0).instance.relief.relieve() {
                        MutexGuard::unlocked(&mut state, &add_worker);
                    }
                }
                None => self.rest(&mut state),
            }
        }
    }

    /// Waits for something to watch: awake for a while, so that where instances come and go nobody has to wake it.
    fn rest(&self, state: &mut MutexGuard<'_, State>) {
        self.begun.wait_for(state, PATIENCE);
        if state.running.is_empty() {
            state.watch = Watch::Asleep;
            self.begun.wait_while(state, |state| state.watch == Watch::Asleep);
        }
    }
}

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        let ended = {
            let mut state = self.stops.state.lock();
            let place = state.running.iter().position(|stop| stop.number == self.number);
            place.map(|place| state.running.remove(place))
        };
        // What it holds is not dropped under the lock.
        drop(ended);
    }
}

impl fmt::Debug for Stops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stops").finish_non_exhaustive()
    }
}
