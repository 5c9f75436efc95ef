//! The arguments of a typed request: a tuple in the external term format.

use serde::Deserialize;

use super::bad;
use crate::Result;
use crate::etf::{Deserializer, Limits};

/// Arguments, taken one by one.
#[derive(Debug)]
pub struct Arguments<'a>(Option<Deserializer<'a>>);

impl<'a> Arguments<'a> {
    /// Begins to read so many. None at all may be sent as an empty body.
    pub fn read(body: &'a [u8], count: usize) -> Result<Self> {
        if body.is_empty() && count == 0 {
            return Ok(Arguments(None));
        }
        let wrong = |why| bad(format_args!("the arguments: {why}"));
        let mut terms = Deserializer::new(body, Limits::DEFAULT).map_err(wrong)?;
        terms.begin_tuple(count).map_err(wrong)?;
        Ok(Arguments(Some(terms)))
    }

    /// The next one.
    pub fn take<T: Deserialize<'a>>(&mut self, name: &str) -> Result<T> {
        let terms = self.0.as_mut().ok_or_else(|| bad(format_args!("argument {name} is missing")))?;
        T::deserialize(terms).map_err(|error| bad(format_args!("argument {}", error.within(name))))
    }

    /// Checks that nothing is left.
    pub fn end(self) -> Result<()> {
        self.0.map_or(Ok(()), |terms| terms.end().map_err(bad))
    }
}

/// The start argument, read as the body of a request is.
#[derive(Debug)]
pub struct StartArgument<'a>(pub &'a [u8]);

impl<'a> StartArgument<'a> {
    /// Its bytes.
    pub fn body(&self) -> &'a [u8] {
        self.0
    }
}
