//! The `nif` host: instances behind resources, spoken to by NIF calls; and the NIF library's entry.
#![allow(unsafe_code)] // the entry of a NIF library is a C contract

mod call;
mod current;
mod dirty;
mod host;
mod instance;
mod kept;
mod lent;

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

use rustler::codegen_runtime::inventory;
use rustler::sys::{ErlNifEntry, ErlNifEnv, ErlNifFunc, ErlNifTerm};
use rustler::{Env, Nif};

pub use self::current::with as within_call;
pub use self::lent::Lent;

struct Entry(Cell<ErlNifEntry>);

// SAFETY: only the VM touches the entry, under its own lock.
unsafe impl Sync for Entry {}
// SAFETY: as above.
unsafe impl Send for Entry {}

/// The symbol that `erlang:load_nif/2` looks for.
#[unsafe(no_mangle)]
pub extern "C" fn nif_init() -> *const ErlNifEntry {
    static ENTRY: OnceLock<Entry> = OnceLock::new();
    let entry = ENTRY.get_or_init(|| {
        let functions: Vec<ErlNifFunc> = inventory::iter::<Nif>().map(Nif::get_def).collect();
        let mut entry = ErlNifEntry::new(c"linkspan_nif", Vec::leak(functions), load);
        entry.upgrade = Some(upgrade);
        Entry(Cell::new(entry))
    });
    entry.0.as_ptr()
}

unsafe extern "C" fn load(env: *mut ErlNifEnv, _private: *mut *mut c_void, _info: ErlNifTerm) -> c_int {
    // SAFETY: `env` is the environment of this load.
    let env = unsafe { Env::new_init_env(&env, env) };
    c_int::from(!(lent::register(env) && instance::register(env)))
}

/// The types are there already, and stay with the first load.
unsafe extern "C" fn upgrade(
    _env: *mut ErlNifEnv,
    _private: *mut *mut c_void,
    _old: *mut *mut c_void,
    _info: ErlNifTerm,
) -> c_int {
    0
}
