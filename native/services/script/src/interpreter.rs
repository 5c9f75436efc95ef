//! One QuickJS with its limits. Knows nothing of hosts.

use std::time::{Duration, Instant};

use linkspan::{Error, Result};
use rquickjs::context::EvalOptions;
use rquickjs::{Context, Ctx, Runtime, Value};

use crate::collector::Collector;
use crate::exception::{self, Failure};
use crate::fault::Fault;
use crate::watch::{Limit, Watch};
use crate::{Limits, code, console, invocation, text};

/// Stack that QuickJS does not count: ours above its top, and its C functions' below its last check.
const UNCOUNTED_STACK: usize = 64 << 10;
/// Least stack that is worth an attempt.
const LEAST_STACK: usize = 32 << 10;
/// Allowed on top of the memory limit once that was hit, so that a script can let go of what fills it.
const SPARE_MEMORY: usize = 256 << 10;

/// Processor time that a short call has.
const SHORT: Duration = Duration::from_millis(10);

/// What is asked of the interpreter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task<'a> {
    /// Evaluates a script; the result is its value as text.
    Eval { source: &'a str, file: &'static str },
    /// Calls a function; the result is its value as JSON.
    Call { body: &'a str, short: bool },
}

/// What holds for one task only.
pub(crate) struct Terms {
    /// Bytes of stack that the thread has left.
    pub(crate) stack: usize,
    /// Whether the task is in vain, if that is worth asking.
    pub(crate) cancelled: Option<Box<dyn Fn() -> bool + Send>>,
}

/// One interpreter: it keeps its globals from task to task, whatever the tasks end with.
pub(crate) struct Interpreter {
    context: Context,
    runtime: Runtime,
    limits: Limits,
    watch: Watch,
    collector: Collector,
    /// A task ran out of memory, and there is little more of it since.
    full: bool,
    /// Bytes of stack that the runtime has been told of.
    stack: usize,
}

impl Interpreter {
    pub(crate) fn new(limits: Limits) -> Result<Self> {
        Self::build(limits).map_err(|error| Error::new(code::INTERPRETER, error))
    }

    fn build(limits: Limits) -> rquickjs::Result<Self> {
        let runtime = Runtime::new()?;
        // Before the memory limit: QuickJS does not survive running out of memory while it makes its built-ins.
        let context = Context::full(&runtime)?;
        context.with(|ctx| console::install(&ctx))?;
        let watch = Watch::default();
        let watched = watch.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || watched.stops())));
        let collector = Collector::new(&context, limits.memory);
        runtime.set_memory_limit(limits.memory);
        Ok(Interpreter { context, runtime, limits, watch, collector, full: false, stack: 0 })
    }

    /// Runs a task, and the promise jobs that it leaves.
    pub(crate) fn run(&mut self, task: Task<'_>, terms: Terms) -> Result<String> {
        self.use_stack(terms.stack)?;
        // For a short call the clock would be a good part of the cost.
        let start = (!task.is_short()).then(Instant::now);
        self.watch.begin(terms.cancelled, self.limit(task));
        let result = self.context.with(|ctx| task.finish(&ctx, &self.watch).map_err(|fault| Failure::of(&ctx, fault)));
        let stop = self.watch.end();
        if stop.is_some() {
            self.discard_jobs();
        }
        self.tidy(start, matches!(&result, Err(failure) if failure.is_memory()));
        match stop {
            Some(stop) => Err(exception::stopped(stop, result.err(), task.file())),
            None => result.map_err(|failure| failure.into_error(task.file())),
        }
    }

    /// Tells QuickJS how much stack it may count on.
    fn use_stack(&mut self, thread: usize) -> Result<()> {
        let size = stack(self.limits.stack, thread)?;
        if size != self.stack {
            self.runtime.set_max_stack_size(size);
            self.stack = size;
        }
        Ok(())
    }

    fn limit(&self, task: Task<'_>) -> Limit {
        match self.limits.time {
            time if task.is_short() => Limit::processor(time.map_or(SHORT, |time| time.min(SHORT))),
            Some(time) => Limit::wall(time),
            None => Limit::None,
        }
    }

    /// Collects garbage, and finds out whether the limit leaves too little for even a small script. That walks all
    /// objects, so it is done only once memory ran out, and until there is some again.
    fn tidy(&mut self, start: Option<Instant>, ran_out: bool) {
        if !self.full && !ran_out {
            return match start {
                Some(start) => self.collector.ran(&self.context, start.elapsed()),
                None => self.collector.ran_shortly(&self.context),
            };
        }
        self.runtime.run_gc();
        let used = usize::try_from(self.runtime.memory_usage().malloc_size).unwrap_or(usize::MAX);
        self.full = used.saturating_add(SPARE_MEMORY) > self.limits.memory;
        let spare = if self.full { SPARE_MEMORY } else { 0 };
        self.runtime.set_memory_limit(self.limits.memory.saturating_add(spare));
    }

    /// Throws away the jobs of a stopped task: left in the queue, a chain of jobs that never ends would stop all
    /// later tasks too. Without stack no function can be called, so each job fails at once and makes no other.
    fn discard_jobs(&mut self) {
        self.stack = 1;
        self.runtime.set_max_stack_size(self.stack);
        self.context.with(|ctx| while ctx.execute_pending_job() {});
    }
}

impl Task<'_> {
    fn finish<'js>(self, ctx: &Ctx<'js>, watch: &Watch) -> Result<String, Fault<'js>> {
        let take = |error| Fault::take(ctx, error);
        let result = match self {
            Task::Eval { source, file } => ctx.eval_with_options(source, script(file)).map_err(take),
            Task::Call { body, .. } => invocation::run(ctx, body),
        };
        // Most leave none, and whether a task is to stop costs more to ask.
        while ctx.execute_pending_job() && !watch.stops() {}
        let value = settled(ctx, result?)?;
        match self {
            Task::Eval { .. } => text::of(ctx, value),
            Task::Call { .. } => text::json(ctx, value),
        }
        .map_err(take)
    }

    fn is_short(self) -> bool {
        matches!(self, Task::Call { short: true, .. })
    }

    /// What an error names where it has no file.
    fn file(self) -> &'static str {
        match self {
            Task::Eval { file, .. } => file,
            Task::Call { .. } => "call",
        }
    }
}

/// A promise is what became of it, all else itself.
fn settled<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Value<'js>, Fault<'js>> {
    match value.as_promise() {
        None => Ok(value),
        Some(promise) => match promise.result() {
            None => Err(Fault::Pending),
            Some(result) => result.map_err(|error| Fault::take(ctx, error)),
        },
    }
}

/// Sloppy mode: `a = 1` makes a global.
fn script(file: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(file.into());
    options
}

/// The stack that QuickJS may count on. Never 0, which it takes for "unlimited".
fn stack(wanted: usize, thread: usize) -> Result<usize> {
    match wanted.min(thread.saturating_sub(UNCOUNTED_STACK)) {
        size if size >= LEAST_STACK => Ok(size),
        _ => {
            let needed = LEAST_STACK + UNCOUNTED_STACK;
            Err(Error::new(code::STACK, format!("the thread has {thread} bytes of stack, a script needs {needed}")))
        }
    }
}

impl std::fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interpreter").field("limits", &self.limits).field("full", &self.full).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
