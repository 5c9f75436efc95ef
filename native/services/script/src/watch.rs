//! Stops a running script: what the interrupt handler looks at. Each request fills the slot and clears it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why a script was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Cancelled,
    Time(Duration),
}

/// The slot, shared by the interpreter and its interrupt handler.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch(Arc<Mutex<Option<Running>>>);

struct Running {
    cancelled: Box<dyn Fn() -> bool + Send>,
    limit: Option<(Duration, Instant)>,
    stop: Option<Stop>,
}

impl Watch {
    /// A request begins.
    pub(crate) fn begin(&self, cancelled: Box<dyn Fn() -> bool + Send>, time: Option<Duration>) {
        // A limit past the end of the clock is none.
        let limit = time.and_then(|time| Some((time, Instant::now().checked_add(time)?)));
        *self.slot() = Some(Running { cancelled, limit, stop: None });
    }

    /// Whether the script is to stop. Once so, it stays so until the request ends: a script that got around one
    /// interruption meets the next.
    pub(crate) fn stops(&self) -> bool {
        self.slot().as_mut().is_some_and(Running::stops)
    }

    /// The request ends. Tells whether, and why, it was stopped.
    pub(crate) fn end(&self) -> Option<Stop> {
        self.slot().take().and_then(|running| running.stop)
    }

    fn slot(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn stops(&mut self) -> bool {
        if self.stop.is_none() {
            self.stop = match self.limit {
                _ if (self.cancelled)() => Some(Stop::Cancelled),
                Some((time, end)) if Instant::now() >= end => Some(Stop::Time(time)),
                _ => None,
            };
        }
        self.stop.is_some()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("limit", &self.limit).field("stop", &self.stop).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_watch_stops_nothing() {
        let watch = Watch::default();
        assert!(!watch.stops());
        assert_eq!(watch.end(), None);
    }

    #[test]
    fn a_stop_outlasts_its_reason() {
        let watch = Watch::default();
        let asked = std::sync::atomic::AtomicBool::new(false);
        watch.begin(Box::new(move || !asked.swap(true, std::sync::atomic::Ordering::Relaxed)), None);
        assert!(watch.stops());
        assert!(watch.stops());
        assert_eq!(watch.end(), Some(Stop::Cancelled));
    }

    #[test]
    fn an_endless_time_limit_is_none() {
        let watch = Watch::default();
        watch.begin(Box::new(|| false), Some(Duration::MAX));
        assert!(!watch.stops());
    }
}
