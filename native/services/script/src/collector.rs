//! When to collect garbage. QuickJS frees by reference counts; only cycles wait for this.
//!
//! QuickJS's own trigger is off while scripts run: it may fire while an out-of-memory error is being made, with an
//! object half changed, and then the process crashes. So cycles count against the memory limit until their task
//! is over.

use std::time::{Duration, Instant};

use rquickjs::{Context, Object};

/// Below three quarters of the limit, collections may cost one part in so many of the time spent in scripts.
const SHARE: u32 = 10;
/// What a short task takes at the least: nobody measures it.
const LEAST: Duration = Duration::from_nanos(200);
/// After so many short tasks memory is looked at: that costs as much as they do.
const TASKS: u32 = 4;

/// The time account of one interpreter.
#[derive(Debug)]
pub(crate) struct Collector {
    memory: usize,
    /// Spent in scripts since the last time that half of the limit was the trigger.
    busy: Duration,
    /// Spent on garbage that time.
    cost: Duration,
    /// Short tasks since memory was looked at.
    tasks: u32,
}

impl Collector {
    pub(crate) fn new(context: &Context, memory: usize) -> Self {
        context.runtime().set_gc_threshold(usize::MAX);
        Collector { memory, busy: Duration::ZERO, cost: Duration::ZERO, tasks: 0 }
    }

    /// A short task has run.
    pub(crate) fn ran_shortly(&mut self, context: &Context) {
        self.tasks += 1;
        if self.tasks >= TASKS {
            self.ran(context, LEAST * TASKS);
        }
    }

    /// Collects if much memory is in use: from one half of the limit if that is paid for, else from three quarters.
    pub(crate) fn ran(&mut self, context: &Context, time: Duration) {
        self.tasks = 0;
        self.busy += time;
        let is_paid = self.busy >= self.cost * SHARE;
        let quarters = if is_paid { 2 } else { 3 };
        let start = is_paid.then(Instant::now);
        context.runtime().set_gc_threshold(self.memory / 4 * quarters);
        // How much is in use cannot be asked for cheaply, but QuickJS compares it whenever it makes an object.
        context.with(|ctx| {
            if Object::new(ctx.clone()).is_err() {
                ctx.catch();
            }
        });
        context.runtime().set_gc_threshold(usize::MAX);
        if let Some(start) = start {
            (self.busy, self.cost) = (Duration::ZERO, start.elapsed());
        }
    }
}
