//! Which requests may run inline: learnt from how long they took, per operation and size class of the body.
//!
//! ```text
//!   DEFERRED -- 16 runs in a row below 100 us --> INLINE
//!   INLINE   -- two runs over 250 us within 64 runs, of CPU time --> DEFERRED
//!   INLINE   -- one run of 1 ms of CPU time --> deferred for good
//! ```
//! An operation that its service declares short begins inline, one to be learnt deferred; one declared long is never
//! asked about.

use std::time::Duration;

/// Runs in a row that must be quick before an operation is promoted.
const PROBATION: u8 = 16;
/// What quick means.
const QUICK: Duration = Duration::from_micros(100);
/// An inline run over this is slow: it may happen once in [`WINDOW`] runs.
const SLOW: Duration = Duration::from_micros(250);
const WINDOW: u8 = 64;
/// An inline run of so much CPU time is an overrun: it must not happen twice.
pub const OVERRUN: Duration = Duration::from_millis(1);
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

#[derive(Clone, Copy, Debug)]
struct Class {
    inline: bool,
    /// Has held its thread too long once: never again.
    overran: bool,
    /// Deferred: quick runs in a row. Inline: runs since the last slow one.
    runs: u8,
}

impl Budget {
    /// Whether a request may run inline.
    pub fn may_inline(&mut self, operation: usize, body_len: usize, declared: Declared) -> bool {
        self.class(operation, body_len, declared).inline
    }

    /// Notes an inline run and the CPU time it spent. Returns whether it was an overrun.
    pub fn ran_inline(&mut self, operation: usize, body_len: usize, declared: Declared, spent: Duration) -> bool {
        let class = self.class(operation, body_len, declared);
        if spent >= OVERRUN {
            class.demote();
            class.overran = true;
            return true;
        }
        if spent < SLOW {
            class.runs = class.runs.saturating_add(1).min(WINDOW);
        } else if class.runs < WINDOW {
            class.demote();
        } else {
            class.runs = 0;
        }
        false
    }

    /// Notes a deferred run.
    pub fn ran_deferred(&mut self, operation: usize, body_len: usize, declared: Declared, wall: Duration) {
        let class = self.class(operation, body_len, declared);
        if class.inline || class.overran {
            return;
        }
        class.runs = if wall < QUICK { class.runs + 1 } else { 0 };
        if class.runs >= PROBATION {
            *class = Class { inline: true, overran: false, runs: WINDOW };
        }
    }

    fn class(&mut self, operation: usize, body_len: usize, declared: Declared) -> &mut Class {
        if self.operations.len() <= operation {
            self.operations.resize_with(operation + 1, || None);
        }
        let inline = declared == Declared::Short;
        // An operation declared short has no slow run behind it: it may have one.
        let runs = if inline { WINDOW } else { 0 };
        let fresh = Class { inline, overran: false, runs };
        let classes = self.operations[operation].get_or_insert_with(|| Box::new([fresh; CLASSES.len() + 1]));
        &mut classes[CLASSES.partition_point(|most| *most < body_len)]
    }
}

impl Class {
    fn demote(&mut self) {
        *self = Class { inline: false, overran: false, runs: 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATION: usize = 3;

    fn deferred(budget: &mut Budget, micros: u64, times: usize) {
        for _ in 0..times {
            budget.ran_deferred(OPERATION, 10, Declared::Learn, Duration::from_micros(micros));
        }
    }

    fn inline(budget: &mut Budget, micros: u64) -> bool {
        budget.ran_inline(OPERATION, 10, Declared::Learn, Duration::from_micros(micros))
    }

    fn may(budget: &mut Budget) -> bool {
        budget.may_inline(OPERATION, 10, Declared::Learn)
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
        assert!(budget.may_inline(OPERATION, 10, Declared::Short));
        assert!(budget.ran_inline(OPERATION, 10, Declared::Short, OVERRUN));
        assert!(!budget.may_inline(OPERATION, 10, Declared::Short));
    }

    #[test]
    fn size_classes_and_operations_are_learnt_apart() {
        let mut budget = promoted();
        assert!(budget.may_inline(OPERATION, 64, Declared::Learn));
        assert!(!budget.may_inline(OPERATION, 65, Declared::Learn));
        assert!(!budget.may_inline(OPERATION, 1 << 30, Declared::Learn));
        assert!(!budget.may_inline(OPERATION + 1, 10, Declared::Learn));
    }
}
