//! Errors as the caller gets them. The words are made here.

use linkspan::Error;
use rquickjs::atom::PredefinedAtom;
use rquickjs::{Ctx, Object, Value};

use crate::fault::Fault;
use crate::watch::Stop;
use crate::{code, text};

/// An error, not yet put into words. Owns its texts: the interpreter may run on.
#[derive(Debug)]
pub(crate) enum Failure {
    Exception(Exception),
    BadRequest(String),
    Other(u32, String),
}

/// What is known about an exception.
#[derive(Debug, Default)]
pub(crate) struct Exception {
    memory: bool,
    name: String,
    pub(crate) message: String,
    /// Lines such as `    at f (eval:1:20)`, as QuickJS makes them. Empty if what was thrown is no `Error`.
    stack: String,
}

impl Failure {
    /// Asks the interpreter for all that there is to say. May run the script's own getters.
    pub(crate) fn of<'js>(ctx: &Ctx<'js>, fault: Fault<'js>) -> Self {
        match fault {
            Fault::Thrown(value) => Failure::Exception(Exception::of(ctx, value)),
            Fault::NoMemory => Failure::Exception(Exception::no_memory()),
            Fault::BadRequest(why) => Failure::BadRequest(why),
            Fault::NoFunction(name) => Failure::Other(code::NO_FUNCTION, format!("no function {name}")),
            Fault::Pending => Failure::Other(code::PENDING, "the promise is pending and nothing can resolve it".into()),
            Fault::Other(why) => Failure::Other(code::INTERPRETER, why),
        }
    }

    pub(crate) fn is_memory(&self) -> bool {
        matches!(self, Failure::Exception(Exception { memory: true, .. }))
    }

    /// The answer to the caller. `file` is named where the script has no line to name.
    pub(crate) fn into_error(self, file: &str) -> Error {
        match self {
            Failure::Exception(exception) => {
                let code = if exception.memory { code::MEMORY } else { code::EXCEPTION };
                Error::new(code, exception.text(file))
            }
            Failure::BadRequest(why) => Error::bad_request(why),
            Failure::Other(code, why) => Error::new(code, why),
        }
    }
}

/// The answer to the caller of a script that was stopped, with the place where it was if that is known.
pub(crate) fn stopped(why: Stop, failure: Option<Failure>, file: &str) -> Error {
    let (code, name, message) = match why {
        Stop::Cancelled => (code::CANCELLED, "Cancelled", "nobody waits for the answer".into()),
        Stop::Time(limit) => (code::TIME, "TimeLimit", format!("stopped after {} ms", limit.as_millis())),
    };
    let stack = match failure {
        Some(Failure::Exception(exception)) => exception.stack,
        _ => String::new(),
    };
    Error::new(code, Exception { memory: false, name: name.into(), message, stack }.text(file))
}

impl Exception {
    fn of<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Self {
        Self::read(ctx, value).unwrap_or_else(Self::no_memory)
    }

    /// None if there is no memory left even to read it.
    fn read<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Option<Self> {
        let error = match value.as_object() {
            Some(error) if value.is_error() => error,
            _ => {
                let message = or(ctx, text::of(ctx, value), "a value without a text")?;
                return Some(Exception { name: "Uncaught".into(), message, ..Exception::default() });
            }
        };
        let name = property(ctx, error, PredefinedAtom::Name)?;
        let message = property(ctx, error, PredefinedAtom::Message)?;
        let stack = property(ctx, error, PredefinedAtom::Stack)?;
        let memory = name == "InternalError" && message.starts_with("out of memory");
        Some(Exception { memory, name, message, stack })
    }

    fn no_memory() -> Self {
        Exception { memory: true, name: "InternalError".into(), message: "out of memory".into(), stack: String::new() }
    }

    /// `FILE:LINE: NAME: MESSAGE`, then the stack.
    fn text(&self, file: &str) -> String {
        let Exception { name, message, stack, .. } = self;
        let place = stack.lines().find_map(place).unwrap_or_else(|| file.to_string());
        format!("{place}: {name}: {message}\n{stack}").trim_end().to_string()
    }
}

/// A property as text; empty if it has none, or none that can be had.
fn property<'js>(ctx: &Ctx<'js>, error: &Object<'js>, key: PredefinedAtom) -> Option<String> {
    let value = error.get::<_, Value>(key);
    let is_none = |value: &Value| value.is_undefined() || value.is_null();
    let text = value.and_then(|value| if is_none(&value) { Ok(String::new()) } else { text::of(ctx, value) });
    or(ctx, text, "")
}

/// The text, or `instead` if the script's own code threw; none if there is no memory for it.
fn or<'js>(ctx: &Ctx<'js>, text: rquickjs::Result<String>, instead: &str) -> Option<String> {
    match text.map_err(|error| Fault::take(ctx, error)) {
        Ok(text) => Some(text),
        Err(Fault::NoMemory) => None,
        Err(_) => Some(instead.to_string()),
    }
}

/// `eval:1` from `    at f (eval:1:20)` or `    at eval:1:20`.
fn place(line: &str) -> Option<String> {
    let line = line.trim_start().strip_prefix("at ")?;
    let place = match line.strip_suffix(')') {
        Some(line) => line.rsplit_once(" (")?.1,
        None => line,
    };
    let (file_and_line, _column) = place.rsplit_once(':')?;
    let (_file, number) = file_and_line.rsplit_once(':')?;
    number.parse::<u32>().ok().map(|_| file_and_line.to_string())
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_place_is_read_from_each_form_of_a_stack_line() {
        assert_eq!(place("    at f (eval:12:3)").as_deref(), Some("eval:12"));
        assert_eq!(place("    at <eval> (eval:1:1)").as_deref(), Some("eval:1"));
        assert_eq!(place("    at eval:7:9").as_deref(), Some("eval:7"));
        assert_eq!(place("    at odd (name (eval:1:2)").as_deref(), Some("eval:1"));
    }

    #[test]
    fn a_line_without_a_place_has_none() {
        for line in ["    at parse (native)", "    at f (missing)", "", "at", "at )", "at (", "at a:b:c", "at :"] {
            assert_eq!(place(line), None, "{line}");
        }
    }
}
