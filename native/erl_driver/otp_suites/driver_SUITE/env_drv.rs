//! env_drv: the environment as drivers see it is that of `os:getenv/1` and `os:putenv/2`. There is no `start`.
#![forbid(unsafe_code)]

use std::ffi::CString;

use erl_driver::{BareDriver, Control, Replied, env};

const PUT: u32 = 0;
const ROOM: usize = 256;

const SAME: u8 = 0;
const OTHER: u8 = 1;
const TOO_LONG: u8 = 127;
const FAILED: u8 = 255;

struct Env;

impl BareDriver for Env {
    /// `<<KeyLength, ValueLength, Key, Value>>`
    fn control<'a>(operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let &[key_len, value_len, ref rest @ ..] = body else { return reply.badarg() };
        let (key, rest) = rest.split_at(key_len.into());
        let value = &rest[..value_len.into()];
        reply.bytes(&[if operation == PUT { put(key, value) } else { get(key, value) }])
    }
}

fn put(key: &[u8], value: &[u8]) -> u8 {
    let (Ok(key), Ok(value)) = (CString::new(key), CString::new(value)) else { return FAILED };
    if env::set(&key, &value) { SAME } else { FAILED }
}

/// The value is compared in the room that the C driver has for it.
fn get(key: &[u8], expected: &[u8]) -> u8 {
    let Ok(key) = CString::new(key) else { return FAILED };
    match env::read(&key, &mut [0; ROOM]) {
        Ok(Some(value)) if value == expected => SAME,
        Ok(Some(_)) => OTHER,
        Ok(None) => FAILED,
        Err(_) => TOO_LONG,
    }
}

erl_driver::bare_driver!(Env: control);
