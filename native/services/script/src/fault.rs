//! Why a task has no value, while the interpreter is still at hand.

use rquickjs::{Ctx, Value};

/// Kept until the interpreter may be asked for names and stacks: see [`crate::exception`].
#[derive(Debug)]
pub(crate) enum Fault<'js> {
    /// What the script threw, or the interpreter on its behalf.
    Thrown(Value<'js>),
    /// Not even an error object could be made.
    NoMemory,
    BadRequest(String),
    NoFunction(String),
    Pending,
    Other(String),
}

impl<'js> Fault<'js> {
    /// Takes the pending exception out of the interpreter, so that other scripts can run before it is described.
    pub(crate) fn take(ctx: &Ctx<'js>, error: rquickjs::Error) -> Self {
        match error {
            rquickjs::Error::Allocation => Fault::NoMemory,
            // A failure without an exception: QuickJS had no memory to make one.
            rquickjs::Error::Exception if !ctx.has_exception() => Fault::NoMemory,
            // A conversion that made no string left its reason behind.
            rquickjs::Error::Exception | rquickjs::Error::Unknown => Self::thrown(ctx.catch()),
            rquickjs::Error::InvalidString(_) => Fault::BadRequest("the body contains a zero byte".into()),
            other => Fault::Other(other.to_string()),
        }
    }

    /// QuickJS throws null when no memory is left for an error object. A script that throws null itself cannot be
    /// told from that.
    fn thrown(value: Value<'js>) -> Self {
        if value.is_null() { Fault::NoMemory } else { Fault::Thrown(value) }
    }
}
