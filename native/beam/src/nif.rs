//! The NIF half of the image: the resource type that lends native bytes to the VM as binaries.
#![allow(unsafe_code)] // the entry of a NIF library is a C contract

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::Once;

use bytes::Bytes;
use rustler::sys::{ErlNifEntry, ErlNifEnv, ErlNifTerm};
use rustler::{Env, Resource, ResourceArc};

/// Bytes that the VM reads where they are.
pub struct Lent(pub Bytes);

impl Resource for Lent {}

struct Entry(Cell<ErlNifEntry>);

// SAFETY: only the VM touches the entry, under its own lock.
unsafe impl Sync for Entry {}

/// The symbol that `erlang:load_nif/2` looks for.
#[unsafe(no_mangle)]
pub extern "C" fn nif_init() -> *const ErlNifEntry {
    static ENTRY: Entry = Entry(Cell::new({
        let mut entry = ErlNifEntry::new(c"linkspan_nif", &[], load);
        entry.upgrade = Some(upgrade);
        entry
    }));
    ENTRY.0.as_ptr()
}

unsafe extern "C" fn load(env: *mut ErlNifEnv, _private: *mut *mut c_void, _info: ErlNifTerm) -> c_int {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `env` is the environment of this load.
        let env = unsafe { Env::new_init_env(&env, env) };
        if env.register::<Lent>().is_ok() {
            // A resource that is never freed: the type, and with it this image, outlive every purge of the module.
            std::mem::forget(ResourceArc::new(Lent(Bytes::new())));
        }
    });
    0
}

/// The type is there already, and stays with the first load.
unsafe extern "C" fn upgrade(
    _env: *mut ErlNifEnv,
    _private: *mut *mut c_void,
    _old: *mut *mut c_void,
    _info: ErlNifTerm,
) -> c_int {
    0
}
