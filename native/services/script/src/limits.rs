//! The start argument: what one instance may use.

use std::time::Duration;

use linkspan::{Error, Result};
use serde_json::{Map, Value};

const DEFAULT_MEMORY: usize = 64 << 20;
const DEFAULT_STACK: usize = 256 << 10;
/// An empty interpreter takes about 110 KB.
const LEAST_MEMORY: usize = 1 << 20;
/// Below this a handful of nested calls overflows.
const LEAST_STACK: usize = 64 << 10;
/// rquickjs takes larger sizes for "unlimited".
const MOST_STACK: usize = 16 << 20;

/// The start argument. Empty, or a JSON object with any of these keys; others are refused.
///
/// | key | unit | default | least |
/// |---|---|---|---|
/// | `memory` | bytes | 64 MiB | 1 MiB |
/// | `stack` | bytes | 256 KiB | 64 KiB; at most 16 MiB, and never more than the thread has |
/// | `time` | milliseconds per request | none | 1 |
/// | `source` | a script, evaluated at start | none | |
///
/// Garbage in cycles counts as memory until the request is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: usize,
    /// Bytes of stack.
    pub stack: usize,
    /// Time per request.
    pub time: Option<Duration>,
    /// What to evaluate at start.
    pub source: Option<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory: DEFAULT_MEMORY, stack: DEFAULT_STACK, time: None, source: None }
    }
}

impl Limits {
    /// Reads a start argument. An error names the key.
    pub fn parse(argument: &[u8]) -> Result<Self> {
        let mut limits = Limits::default();
        if argument.is_empty() {
            return Ok(limits);
        }
        let object: Map<String, Value> = serde_json::from_slice(argument)
            .map_err(|why| Error::bad_request(format!("the argument is to be empty or a JSON object: {why}")))?;
        for (key, value) in object {
            match key.as_str() {
                "memory" => limits.memory = number(&key, &value, LEAST_MEMORY, usize::MAX)?,
                "stack" => limits.stack = number(&key, &value, LEAST_STACK, MOST_STACK)?,
                "time" => limits.time = Some(Duration::from_millis(number(&key, &value, 1, usize::MAX)? as u64)),
                "source" => match value {
                    Value::String(source) => limits.source = Some(source),
                    _ => return Err(Error::bad_request("source: is to be a string")),
                },
                _ => {
                    let why = format!("{key}: no such key; there are memory, stack, time and source");
                    return Err(Error::bad_request(why));
                }
            }
        }
        Ok(limits)
    }
}

fn number(key: &str, value: &Value, least: usize, most: usize) -> Result<usize> {
    let number = value.as_u64().ok_or_else(|| Error::bad_request(format!("{key}: is to be a whole number")))?;
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    match number {
        _ if number < least => Err(Error::bad_request(format!("{key}: is to be at least {least}"))),
        _ if number > most => Err(Error::bad_request(format!("{key}: is to be at most {most}"))),
        _ => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_means_the_defaults() {
        assert_eq!(Limits::parse(b"").unwrap(), Limits::default());
        assert_eq!(Limits::parse(b"{}").unwrap(), Limits::default());
    }

    #[test]
    fn every_key_is_read() {
        let limits = Limits::parse(br#"{"memory": 2000000, "stack": 65536, "time": 5, "source": "1"}"#).unwrap();
        let time = Some(Duration::from_millis(5));
        assert_eq!(limits, Limits { memory: 2_000_000, stack: 65_536, time, source: Some("1".into()) });
    }

    #[test]
    fn an_error_names_the_key() {
        let bad = [
            (r#"{"memory": 0}"#, "memory: is to be at least 1048576"),
            (r#"{"memory": 1048575}"#, "memory: is to be at least 1048576"),
            (r#"{"memory": -1}"#, "memory: is to be a whole number"),
            (r#"{"stack": 1.5}"#, "stack: is to be a whole number"),
            (r#"{"stack": 1}"#, "stack: is to be at least 65536"),
            (r#"{"stack": 16777217}"#, "stack: is to be at most 16777216"),
            (r#"{"time": "5"}"#, "time: is to be a whole number"),
            (r#"{"time": 0}"#, "time: is to be at least 1"),
            (r#"{"source": 1}"#, "source: is to be a string"),
            (r#"{"tiem": 1}"#, "tiem: no such key; there are memory, stack, time and source"),
        ];
        for (argument, why) in bad {
            assert_eq!(Limits::parse(argument.as_bytes()), Err(Error::BadRequest(why.into())), "{argument}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for argument in ["[]", "5", "{", " ", "\u{0}"] {
            assert!(matches!(Limits::parse(argument.as_bytes()), Err(Error::BadRequest(_))), "{argument}");
        }
        assert!(matches!(Limits::parse(b"\xff"), Err(Error::BadRequest(_))));
    }
}
