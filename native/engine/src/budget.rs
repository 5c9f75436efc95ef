//! Which requests may run inline: learnt from how long they took, per operation and size class of the body.
//!
//! ```text
//!   DEFERRED -- 16 runs in a row below 100 us --> INLINE
//!   INLINE   -- two runs over 250 us within 64 runs, of CPU time --> DEFERRED
//!   INLINE   -- one run of 1 ms of CPU time --> deferred for good
//! ```
//! An operation that its service declares short begins inline, one to be learnt deferred; one declared long is never
//! asked about.

/// Runs in a row that must be quick before an operation is promoted.
const PROBATION: u8 = 16;
/// What quick means.
const QUICK: u64 = 100_000;
/// An inline run over this is slow: it may happen once in [`WINDOW`] runs.
const SLOW: u64 = 250_000;
const WINDOW: u8 = 64;
/// An inline run of so much CPU time is an overrun: it must not happen twice.
pub const OVERRUN: u64 = 1_000_000;
/// Longest bodies of the size classes; the last class has no bound.
const CLASSES: [usize; 4] = [64, 1024, 16 * 1024, 256 * 1024];

/// What the service says of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// Bounded: may run inline from the start.
    Short,
    /// Not known: deferred until it has been quick often enough.
    Learn,
}

/// What one instance has learnt.
#[derive(Debug, Default)]
pub struct Budget {
    /// By the operation's place in the service's list.
    operations: Vec<Option<Box<[Class; CLASSES.len() + 1]>>>,
}

/// What has been learnt of an operation with bodies of one size class.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    inline: bool,
    /// Has held its thread too long once: never again.
    overran: bool,
    /// Deferred: quick runs in a row. Inline: runs since the last slow one.
    runs: u8,
}

impl Budget {
    /// What is known of requests like this one.
    #[inline(always)]
    pub fn class(&mut self, operation: usize, body_len: usize, declared: Declared) -> &mut Class {
        let size = CLASSES.iter().filter(|most| **most < body_len).count();
        if self.operations.len() <= operation {
            self.operations.resize_with(operation + 1, || None);
        }
        let classes = &mut self.operations[operation];
        &mut classes.get_or_insert_with(|| Box::new([Class::new(declared); CLASSES.len() + 1]))[size]
    }
}

impl Class {
    fn new(declared: Declared) -> Self {
        let inline = declared == Declared::Short;
        // An operation declared short has no slow run behind it: it may have one.
        Class { inline, overran: false, runs: if inline { WINDOW } else { 0 } }
    }

    /// Whether a request may run inline.
    pub fn may_inline(&self) -> bool {
        self.inline
    }

    /// Notes an inline run and the CPU time it spent. Returns whether it was an overrun.
    #[inline(always)]
    pub fn ran_inline(&mut self, spent: u64) -> bool {
        if spent < SLOW {
            self.runs = self.runs.saturating_add(1).min(WINDOW);
            return false;
        }
        self.ran_slowly(spent)
    }

    #[cold]
    fn ran_slowly(&mut self, spent: u64) -> bool {
        let overran = spent >= OVERRUN;
        if overran || self.runs < WINDOW {
            *self = Class { inline: false, overran, runs: 0 };
        } else {
            self.runs = 0;
        }
        overran
    }

    /// Notes a deferred run.
    pub fn ran_deferred(&mut self, wall: u64) {
        if self.inline || self.overran {
            return;
        }
        self.runs = if wall < QUICK { self.runs + 1 } else { 0 };
        if self.runs >= PROBATION {
            *self = Class { inline: true, overran: false, runs: WINDOW };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATION: usize = 3;

    fn deferred(budget: &mut Budget, micros: u64, times: usize) {
        for _ in 0..times {
            budget.class(OPERATION, 10, Declared::Learn).ran_deferred(micros * 1000);
        }
    }

    fn inline(budget: &mut Budget, micros: u64) -> bool {
        budget.class(OPERATION, 10, Declared::Learn).ran_inline(micros * 1000)
    }

    fn may(budget: &mut Budget) -> bool {
        budget.class(OPERATION, 10, Declared::Learn).may_inline()
    }

    fn promoted() -> Budget {
        let mut budget = Budget::default();
        deferred(&mut budget, 5, 16);
        assert!(may(&mut budget));
        budget
    }

    #[test]
    fn an_operation_to_be_learnt_begins_deferred_and_is_promoted_after_sixteen_quick_runs() {
        let mut budget = Budget::default();
        deferred(&mut budget, 5, 15);
        assert!(!may(&mut budget));
        deferred(&mut budget, 5, 1);
        assert!(may(&mut budget));
    }

    #[test]
    fn one_run_that_is_not_quick_begins_the_probation_again() {
        let mut budget = Budget::default();
        deferred(&mut budget, 5, 15);
        deferred(&mut budget, 100, 1);
        deferred(&mut budget, 5, 15);
        assert!(!may(&mut budget));
        deferred(&mut budget, 5, 1);
        assert!(may(&mut budget));
    }

    #[test]
    fn one_overrun_sends_an_operation_back_for_good() {
        let mut budget = promoted();
        assert!(inline(&mut budget, 5000));
        assert!(!may(&mut budget));
        deferred(&mut budget, 5, 1000);
        assert!(!may(&mut budget));
    }

    #[test]
    fn two_slow_runs_within_sixty_four_send_an_operation_back_and_one_does_not() {
        let mut budget = promoted();
        for _ in 0..3 {
            assert!(!inline(&mut budget, 300));
            assert!(may(&mut budget));
            assert!(!(0..64).any(|_| inline(&mut budget, 5)));
        }
        inline(&mut budget, 300);
        assert!(!(0..63).any(|_| inline(&mut budget, 5)));
        inline(&mut budget, 300);
        assert!(!may(&mut budget));
        deferred(&mut budget, 5, 16);
        assert!(may(&mut budget), "that was no overrun: it may try again");
    }

    #[test]
    fn an_operation_declared_short_begins_inline_and_can_be_sent_back() {
        let mut budget = Budget::default();
        assert!(budget.class(OPERATION, 10, Declared::Short).may_inline());
        assert!(budget.class(OPERATION, 10, Declared::Short).ran_inline(OVERRUN));
        assert!(!budget.class(OPERATION, 10, Declared::Short).may_inline());
    }

    #[test]
    fn size_classes_and_operations_are_learnt_apart() {
        let mut budget = promoted();
        assert!(budget.class(OPERATION, 64, Declared::Learn).may_inline());
        assert!(!budget.class(OPERATION, 65, Declared::Learn).may_inline());
        assert!(!budget.class(OPERATION, 1 << 30, Declared::Learn).may_inline());
        assert!(!budget.class(OPERATION + 1, 10, Declared::Learn).may_inline());
    }
}
