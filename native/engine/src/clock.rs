//! The clocks that decisions are made by; tests bring their own. Times are in nanoseconds, plain numbers: every inline run
//! is measured, and a `Duration` costs as much to make and compare as the counter to read.

use std::cell::Cell;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// Wall time and CPU time.
pub trait TimeSource: Send + Sync {
    /// Wall time since some fixed point, in nanoseconds.
    fn now(&self) -> u64;

    /// CPU time that the calling thread has used, in nanoseconds.
    fn thread_cpu(&self) -> u64;
}

/// The clocks that an engine looks at.
#[derive(Clone)]
pub enum Clock {
    /// Those of the system; for wall time the processor's own counter, once it is calibrated: it is read in half the time.
    /// No trait object, for a call that is not inlined costs a tenth of a reading.
    System,
    /// Others.
    Other(Arc<dyn TimeSource>),
}

/// The processor's counter, once it is calibrated.
static COUNTER: OnceLock<Counter> = OnceLock::new();

#[derive(Debug)]
struct Counter {
    clock: quanta::Clock,
    /// Wall time when the counter said this.
    at: u64,
    raw: u64,
}

static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock {
    /// Compares the processor's counter with the system's clock, for the whole process. Takes a millisecond, seldom much
    /// longer.
    pub fn calibrate() {
        let clock = quanta::Clock::new();
        let counter = Counter { at: since_epoch(), raw: clock.raw(), clock };
        // Fails if it has been calibrated already.
        let _ = COUNTER.set(counter);
    }

    /// Wall time since some fixed point, in nanoseconds.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        match self {
            Clock::System => now(),
            Clock::Other(source) => source.now(),
        }
    }

    /// CPU time that the calling thread has used, in nanoseconds.
    fn thread_cpu(&self) -> u64 {
        match self {
            Clock::System => {
                let time = clock_gettime(ClockId::ThreadCPUTime);
                time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
            }
            Clock::Other(source) => source.thread_cpu(),
        }
    }
}

/// Wall time by the system's clocks; see [`Clock::System`].
#[inline]
pub(crate) fn now() -> u64 {
    match COUNTER.get() {
        Some(Counter { clock, at, raw }) => at + clock.delta_as_nanos(*raw, clock.raw()),
        None => since_epoch(),
    }
}

#[cold]
fn since_epoch() -> u64 {
    // Enough for 584 years.
    EPOCH.elapsed().as_nanos() as u64
}

/// From this wall time on it is worth asking whether the time was spent or the thread only preempted.
const WORTH_ASKING: u64 = 250_000;
/// How old a reading of the CPU clock may be when a run starts: so much may be held against the run in error.
const FRESH: u64 = 200_000;

thread_local! {
    /// When this thread's CPU clock was last read, and what it said.
    static READING: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
}

/// Measures one inline run. The CPU clock costs more than a short run: it is read every now and then, and again only
/// after a run that took suspiciously long.
pub(crate) struct Stopwatch<'a> {
    clock: &'a Clock,
    from: u64,
}

impl<'a> Stopwatch<'a> {
    #[inline(always)]
    pub(crate) fn start(clock: &'a Clock) -> Self {
        let from = clock.now();
        if READING.get().is_none_or(|(at, _)| from.saturating_sub(at) > FRESH) {
            READING.set(Some((from, clock.thread_cpu())));
        }
        Stopwatch { clock, from }
    }

    /// How long the thread was held by the wall clock, and how much of that it spent; the two differ if it was
    /// preempted.
    #[inline(always)]
    pub(crate) fn stop(self) -> (u64, u64) {
        let now = self.clock.now();
        let held = now.saturating_sub(self.from);
        if held < WORTH_ASKING { (held, held) } else { self.look_closer(now, held) }
    }

    #[cold]
    fn look_closer(&self, now: u64, held: u64) -> (u64, u64) {
        let cpu = self.clock.thread_cpu();
        let (at, before) = READING.replace(Some((now, cpu))).unwrap_or((self.from, cpu));
        let spent = cpu.saturating_sub(before).saturating_sub(self.from.saturating_sub(at));
        (held, spent.min(held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::time::Duration;

    /// Clocks that stand still until told, in microseconds.
    #[derive(Default)]
    struct FakeClock {
        wall: AtomicU64,
        cpu: AtomicU64,
    }

    impl FakeClock {
        fn pass(&self, wall: u64, cpu: u64) {
            self.wall.fetch_add(wall, Relaxed);
            self.cpu.fetch_add(cpu, Relaxed);
        }
    }

    impl TimeSource for FakeClock {
        fn now(&self) -> u64 {
            self.wall.load(Relaxed) * 1000
        }

        fn thread_cpu(&self) -> u64 {
            self.cpu.load(Relaxed) * 1000
        }
    }

    fn run(clock: &Arc<FakeClock>, wall: u64, cpu: u64) -> (u64, u64) {
        let given = Clock::Other(clock.clone());
        let watch = Stopwatch::start(&given);
        clock.pass(wall, cpu);
        let (held, spent) = watch.stop();
        (held / 1000, spent / 1000)
    }

    #[test]
    fn a_run_that_burns_cpu_has_spent_it() {
        let clock = Arc::<FakeClock>::default();
        assert_eq!(run(&clock, 5000, 5000), (5000, 5000));
    }

    #[test]
    fn a_run_that_is_preempted_has_not() {
        let clock = Arc::<FakeClock>::default();
        assert_eq!(run(&clock, 5000, 7), (5000, 7));
    }

    #[test]
    fn what_the_thread_did_before_the_run_is_not_held_against_it() {
        let clock = Arc::<FakeClock>::default();
        run(&clock, 10, 10);
        clock.pass(150, 150);
        assert_eq!(run(&clock, 5000, 3000), (5000, 3000));
        clock.pass(10_000, 10_000);
        assert_eq!(run(&clock, 5000, 3000), (5000, 3000));
    }

    #[test]
    fn a_calibrated_clock_goes_on_where_it_was() {
        let clock = Clock::System;
        for calibrates in [false, true, false] {
            let (before, from, after) = (Instant::now(), clock.now(), Instant::now());
            if calibrates {
                Clock::calibrate();
            }
            while before.elapsed() < Duration::from_millis(20) {}
            let (least, ours, most) = (after.elapsed(), Duration::from_nanos(clock.now() - from), before.elapsed());
            let slack = Duration::from_millis(1);
            assert!(ours + slack >= least && ours <= most + slack, "{ours:?} is not between {least:?} and {most:?}");
        }
    }

    #[test]
    fn short_runs_do_not_ask_the_cpu_clock() {
        let clock = Arc::<FakeClock>::default();
        assert_eq!(run(&clock, 100, 3), (100, 100));
    }
}
