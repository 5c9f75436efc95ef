//! The environment of the NIF call that runs on this thread, for sends in its name.
#![allow(unsafe_code)] // an environment is a pointer that is valid for the length of a call

use std::cell::Cell;

use rustler::Env;
use rustler::sys::ErlNifEnv;

thread_local! {
    static CURRENT: Cell<*mut ErlNifEnv> = const { Cell::new(std::ptr::null_mut()) };
}

/// Runs `f` with `env` as the thread's environment.
pub fn within<T>(env: Env<'_>, f: impl FnOnce() -> T) -> T {
    struct Restore(*mut ErlNifEnv);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let _restore = Restore(CURRENT.replace(env.as_c_arg()));
    f()
}

/// Gives `f` the environment of the running NIF call; none outside of one.
pub fn with<T>(f: impl FnOnce(Env<'_>) -> T) -> Option<T> {
    let raw = CURRENT.get();
    if raw.is_null() {
        return None;
    }
    let lifetime = ();
    // SAFETY: `within` is on this thread's stack, so the call that `raw` came with has not returned.
    Some(f(unsafe { Env::new(&lifetime, raw) }))
}
