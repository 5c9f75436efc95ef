//! What a service author implements.

use crate::{Context, Error, Reply, Request, Result};

/// A native service. One value of it is the state of one instance.
///
/// An instance handles one request at a time, in the order in which each caller sent them; different requests
/// may run on different threads, unless the service is [`Threading::Dedicated`]: [`export!`](crate::export) checks that
/// it is `Send` or that. A panic ends the instance (or, if it was opened so, is only reported).
pub trait Service: Sized + 'static {
    /// The name by which clients ask for the service.
    const NAME: &'static str;

    /// What the service can be asked, in ascending order of the numbers. Requests for other operations never
    /// reach it: they are answered with `unknown_operation`.
    const OPERATIONS: &'static [Operation];

    /// Where requests run.
    const THREADING: Threading = Threading::Pool;

    /// Whether requests do not depend on each other, so that several instances ("lanes") may share them.
    const INDEPENDENT: bool = false;

    /// What `#[linkspan::service]` knows of it.
    #[doc(hidden)]
    const DESCRIBE: Option<fn() -> crate::typed::Description> = None;

    /// Makes an instance. `argument` is what the opener gave, byte for byte. Runs on a worker thread.
    fn start(argument: &[u8], cx: &Context<'_>) -> Result<Self>;

    /// Answers a request.
    fn call(&mut self, request: Request<'_>, cx: &Context<'_>) -> Result<Reply>;

    /// Handles a request that nobody waits for. An error is counted, and seen by nobody.
    fn cast(&mut self, request: Request<'_>, cx: &Context<'_>) -> Result<()> {
        match self.call(request, cx)? {
            reply if reply.is_stream() => Err(Error::bad_request("the answer to a cast is a stream")),
            _ => Ok(()),
        }
    }

    /// Ends the instance. Not called after a panic: then the state is only dropped.
    fn stop(self, _cx: &Context<'_>) {}

    /// What a request will cost. Must be quick, and must answer [`Cost::Short`] only for bounded work.
    fn cost(_operation: u32, _body: usize) -> Cost {
        Cost::Learn
    }
}

/// An operation: its number and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    pub(crate) number: u32,
    pub(crate) name: &'static str,
}

impl Operation {
    /// An operation. Numbers are at least 0 and below 2^30; a larger one does not compile in a constant.
    pub const fn new(number: u32, name: &'static str) -> Self {
        assert!(number < linkspan_abi::OPERATION_LIMIT, "operation numbers are below 2^30");
        assert!(!name.is_empty() && name.len() <= 255, "operation names have 1 to 255 bytes");
        Operation { number, name }
    }

    /// The number.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The name.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// How long a request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Bounded well below 100 us: may run on the caller's scheduler thread at once.
    Short,
    /// Always on a worker thread.
    Long,
    /// Not known beforehand.
    Learn,
}

/// Which threads run the requests of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threading {
    /// The threads of the host, which all instances share.
    Pool,
    /// A thread for each instance, and nothing ever inline: for work that blocks, and for engines that are bound to a
    /// thread.
    Dedicated,
}
