//! An entry that the VM refuses, for one reason or another.

use erl_driver::{Draft, Driver, Entry, Port, Refusal, env, raw};

struct Unmarked;

erl_driver::driver!(load);

fn load() -> Draft {
    let entry = Entry::<Unmarked, _>::new("unmarked_drv");
    let setting = env::get(c"UNMARKED_DRV");
    match setting.as_deref().map(|setting| setting.to_bytes()) {
        Some(b"marker") => raw::marker(entry, 0),
        Some(b"major") => raw::version(entry, 4, 0),
        Some(b"minor") => raw::version(entry, 3, 4),
        _ => raw::version(entry, 3, 2),
    }
}

impl Driver for Unmarked {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Unmarked)
    }
}
