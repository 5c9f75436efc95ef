//! How long something took: a histogram that one thread at a time writes and anybody may read meanwhile.
//!
//! Log-linear: every power of two from 64 ns on is divided into 8 buckets, and so is what lies below. A quantile is
//! the middle of its bucket: wrong by a sixteenth at most, below 64 ns by 4 ns; from 128 s on it is the maximum.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// Buckets of each power of two, as a power of two.
const DIVISION: u32 = 3;
const BUCKETS: usize = 256;
/// Holds everything from 128 s on.
const LAST: usize = BUCKETS - 1;

/// Times, counted by buckets.
#[derive(Debug)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    max: AtomicU64,
}

/// What is told of a histogram; times in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

/// What one or more histograms held when they were read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    buckets: [u64; BUCKETS],
    max: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Histogram { buckets: [const { AtomicU64::new(0) }; BUCKETS], max: AtomicU64::new(0) }
    }

    /// Counts a time. Only for the one thread that holds the lock of whatever is measured: with a single writer, a
    /// load and a store are enough, and cost a fraction of an atomic addition.
    #[inline]
    pub(crate) fn add(&self, nanos: u64) {
        if nanos > self.max.load(Relaxed) {
            self.max.store(nanos, Relaxed);
        }
        let bucket = &self.buckets[place(nanos)];
        // Whoever sees the time counted sees the maximum that goes with it.
        bucket.store(bucket.load(Relaxed).wrapping_add(1), Release);
    }
}

impl Reading {
    pub(crate) fn new() -> Self {
        Reading { buckets: [0; BUCKETS], max: 0 }
    }

    /// Adds what a histogram holds now. Waits for nobody.
    pub(crate) fn add(&mut self, histogram: &Histogram) {
        for (sum, bucket) in self.buckets.iter_mut().zip(&histogram.buckets) {
            *sum += bucket.load(Acquire);
        }
        self.max = self.max.max(histogram.max.load(Relaxed));
    }

    /// Adds another reading.
    pub(crate) fn join(&mut self, other: &Reading) {
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(sum, held)| *sum += held);
        self.max = self.max.max(other.max);
    }

    pub(crate) fn summary(&self) -> Summary {
        let count = self.buckets.iter().sum();
        Summary { count, p50: self.quantile(count, 50), p99: self.quantile(count, 99), max: self.max }
    }

    /// The time that `percent` of all do not exceed.
    fn quantile(&self, count: u64, percent: u64) -> u64 {
        let rank = (u128::from(count) * u128::from(percent)).div_ceil(100);
        let mut below = 0_u128;
        let reached = self.buckets.iter().position(|held| {
            below += u128::from(*held);
            count > 0 && below >= rank
        });
        match reached {
            None => 0,
            Some(LAST) => self.max,
            Some(bucket) => middle(bucket).min(self.max),
        }
    }
}

/// The bucket that a time belongs to.
#[inline]
fn place(nanos: u64) -> usize {
    // The power of two; everything below 64 ns is divided like the power that begins there.
    let power = (nanos | 1).ilog2().max(2 * DIVISION - 1);
    if power < 2 * DIVISION {
        return (nanos >> DIVISION) as usize;
    }
    let part = (nanos >> (power - DIVISION)) as usize & ((1 << DIVISION) - 1);
    let whole = (power - 2 * DIVISION + 1) as usize;
    ((whole << DIVISION) + part).min(LAST)
}

/// The middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let (whole, part) = (bucket >> DIVISION, (bucket & ((1 << DIVISION) - 1)) as u64);
    match whole.checked_sub(1) {
        None => (part << DIVISION) + (1 << (DIVISION - 1)),
        Some(above) => {
            let width = 1 << (DIVISION as usize + above);
            ((1 << DIVISION) + part) * width + width / 2
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::thread;

    const TOP: u64 = 15 << 33;

    fn summary(times: &[u64]) -> Summary {
        let histogram = Histogram::new();
        times.iter().for_each(|nanos| histogram.add(*nanos));
        let mut reading = Reading::new();
        reading.add(&histogram);
        reading.summary()
    }

    fn exact(sorted: &[u64], percent: usize) -> u64 {
        sorted[(sorted.len() * percent).div_ceil(100) - 1]
    }

    fn is_near(told: u64, exact: u64) -> bool {
        told.abs_diff(exact) <= (exact / 16).max(4)
    }

    #[test]
    fn nothing_measured_is_all_zero() {
        assert_eq!(summary(&[]), Summary::default());
    }

    #[test]
    fn a_bucket_begins_where_the_one_before_it_ends() {
        let mut begins = vec![0];
        for bucket in 1..BUCKETS {
            // The middle of a bucket lies half its width behind its beginning.
            let before = begins[bucket - 1];
            begins.push(before + 2 * (middle(bucket - 1) - before));
        }
        assert_eq!(begins[LAST], TOP);
        for (bucket, begin) in begins.iter().enumerate() {
            assert_eq!(place(*begin), bucket);
            assert_eq!(place(begin.saturating_sub(1)), bucket.saturating_sub(1));
        }
        assert_eq!(place(u64::MAX), LAST);
    }

    #[test]
    fn one_time_is_every_quantile() {
        let told = summary(&[1_000_000]);
        assert_eq!((told.count, told.max), (1, 1_000_000));
        assert!(is_near(told.p50, 1_000_000) && is_near(told.p99, 1_000_000), "{told:?}");
    }

    #[test]
    fn a_few_long_runs_are_the_maximum_and_not_the_median() {
        let mut times = vec![100; 990];
        times.extend([5_000_000; 10]);
        let told = summary(&times);
        assert!(is_near(told.p50, 100) && is_near(told.p99, 100), "{told:?}");
        assert_eq!(told.max, 5_000_000);
        times.push(5_000_000);
        assert!(is_near(summary(&times).p99, 5_000_000));
    }

    #[test]
    fn what_is_beyond_all_buckets_is_the_maximum() {
        let day = 86_400_000_000_000;
        assert_eq!(summary(&[TOP, day]), Summary { count: 2, p50: day, p99: day, max: day });
    }

    #[test]
    fn a_reader_never_sees_a_time_without_its_maximum() {
        let histogram = Histogram::new();
        thread::scope(|scope| {
            scope.spawn(|| (1..=200_000).for_each(|nanos| histogram.add(nanos)));
            let mut told = Summary::default();
            while told.count < 200_000 {
                let mut reading = Reading::new();
                reading.add(&histogram);
                let now = reading.summary();
                // So many have been counted that the last of them was at least this long.
                assert!(now.count >= told.count && now.max >= now.count, "{told:?} {now:?}");
                told = now;
            }
        });
    }

    /// Times of all magnitudes.
    fn time() -> impl Strategy<Value = u64> {
        (0_u32..37, any::<u64>()).prop_map(|(bits, random)| (random & ((1 << bits) - 1)) | (1 << bits) >> 1)
    }

    proptest! {
        #[test]
        fn quantiles_are_within_a_sixteenth_and_the_maximum_is_exact(
            mut times in proptest::collection::vec(time().prop_filter("in range", |time| *time < TOP), 1..300),
        ) {
            let told = summary(&times);
            times.sort_unstable();
            prop_assert_eq!(told.count, times.len() as u64);
            prop_assert_eq!(told.max, *times.last().unwrap());
            for (told, percent) in [(told.p50, 50), (told.p99, 99)] {
                let exact = exact(&times, percent);
                prop_assert!(is_near(told, exact), "{}% is {}, not {}", percent, exact, told);
            }
        }

        #[test]
        fn several_read_together_are_as_one(
            one in proptest::collection::vec(time(), 0..50),
            other in proptest::collection::vec(time(), 0..50),
        ) {
            let mut reading = Reading::new();
            for times in [&one, &other] {
                let histogram = Histogram::new();
                times.iter().for_each(|nanos| histogram.add(*nanos));
                reading.add(&histogram);
            }
            prop_assert_eq!(reading.summary(), summary(&[one, other].concat()));
        }
    }
}
