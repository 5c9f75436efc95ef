//! Stops a running script: what the interrupt handler looks at. Each request fills the slot and clears it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Why a script was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Cancelled,
    Time(Duration),
}

/// The slot, shared by the interpreter and its interrupt handler.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch(Arc<Mutex<Option<Running>>>);

/// How long a script may run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    None,
    /// By the clock on the wall, until then.
    Wall(Duration, Instant),
    /// By the thread's own clock, from what that said when it was first looked at: to read it costs more than most scripts
    /// that have such a limit, and they are asked early enough.
    Processor(Duration, Option<Duration>),
}

struct Running {
    cancelled: Option<Box<dyn Fn() -> bool + Send>>,
    limit: Limit,
    stop: Option<Stop>,
}

impl Limit {
    pub(crate) fn wall(time: Duration) -> Self {
        // A limit past the end of the clock is none.
        Instant::now().checked_add(time).map_or(Limit::None, |end| Limit::Wall(time, end))
    }

    pub(crate) fn processor(time: Duration) -> Self {
        Limit::Processor(time, None)
    }

    /// The limit, if it has been reached.
    fn reached(&mut self) -> Option<Duration> {
        match self {
            Limit::None => None,
            Limit::Wall(time, end) => (Instant::now() >= *end).then_some(*time),
            Limit::Processor(time, from) => {
                let now = thread_time();
                let spent = now.saturating_sub(*from.get_or_insert(now));
                (spent >= *time).then_some(*time)
            }
        }
    }
}

/// Processor time of this thread.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

impl Watch {
    /// A request begins.
    pub(crate) fn begin(&self, cancelled: Option<Box<dyn Fn() -> bool + Send>>, limit: Limit) {
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
            let cancelled = self.cancelled.as_ref().is_some_and(|cancelled| cancelled());
            self.stop = if cancelled { Some(Stop::Cancelled) } else { self.limit.reached().map(Stop::Time) };
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
        let cancelled = Box::new(move || !asked.swap(true, std::sync::atomic::Ordering::Relaxed));
        watch.begin(Some(cancelled), Limit::None);
        assert!(watch.stops());
        assert!(watch.stops());
        assert_eq!(watch.end(), Some(Stop::Cancelled));
    }

    #[test]
    fn an_endless_time_limit_is_none() {
        let watch = Watch::default();
        watch.begin(None, Limit::wall(Duration::MAX));
        assert!(!watch.stops());
    }

    #[test]
    fn processor_time_counts_from_the_first_look() {
        let watch = Watch::default();
        watch.begin(None, Limit::processor(Duration::from_micros(200)));
        let mut looks = 1;
        while !watch.stops() {
            looks += 1;
        }
        assert!(looks > 1);
        assert_eq!(watch.end(), Some(Stop::Time(Duration::from_micros(200))));
    }
}
