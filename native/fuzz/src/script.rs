//! Operations of the script service: an answer or an error, within memory, stack and time.

use std::time::Duration;

use linkspan_script::{Limits, ask};

/// One request; its first byte says which operation.
pub fn check(bytes: &[u8]) -> bool {
    let Some((operation, body)) = bytes.split_first() else { return false };
    let Ok(body) = str::from_utf8(body) else { return false };
    let limits = Limits { memory: 8 << 20, stack: 128 << 10, time: Some(Duration::from_millis(20)), source: None };
    ask(limits, u32::from(operation % 3) + 1, body).is_ok()
}
