//! The kernels as NIFs without a framework: what the boundary itself costs in Rust.

use std::ffi::{c_int, c_uint, c_void};
use std::mem::MaybeUninit;
use std::{ptr, slice};

use erl_nif_sys::{ERL_NIF_TERM, ErlNifBinary, ErlNifEntry, ErlNifEnv, ErlNifFunc};

/// `inline(Kernel, Body)`: the answer, or the exception `badarg`.
unsafe extern "C" fn inline(env: *mut ErlNifEnv, _arity: c_int, arguments: *const ERL_NIF_TERM) -> ERL_NIF_TERM {
    // SAFETY: the VM calls with two arguments.
    let arguments: [ERL_NIF_TERM; 2] = unsafe { ptr::read(arguments.cast()) };
    // SAFETY: `env` is that of this call.
    let answer = unsafe { run(env, arguments) };
    answer.unwrap_or_else(|| {
        // SAFETY: as above.
        unsafe { erl_nif_sys::enif_make_badarg(env) }
    })
}

/// # Safety
///
/// `env` must be the environment of the running call, and the arguments terms of it.
unsafe fn run(env: *mut ErlNifEnv, [kernel, body]: [ERL_NIF_TERM; 2]) -> Option<ERL_NIF_TERM> {
    let mut number: c_uint = 0;
    // SAFETY: the caller's promise.
    let got = unsafe { erl_nif_sys::enif_get_uint(env, kernel, &mut number) };
    (got != 0).then_some(())?;
    let mut binary = MaybeUninit::<ErlNifBinary>::uninit();
    // SAFETY: the caller's promise; the VM fills the binary in, or says no.
    let got = unsafe { erl_nif_sys::enif_inspect_binary(env, body, binary.as_mut_ptr()) };
    (got != 0).then_some(())?;
    // SAFETY: it said yes.
    let binary = unsafe { binary.assume_init() };
    // SAFETY: the bytes live as long as the call.
    let body = unsafe { slice::from_raw_parts(binary.data, binary.size) };

    let room = bench_kernels::room(number, body.len());
    let mut answer: ERL_NIF_TERM = 0;
    // SAFETY: the caller's promise.
    let to = unsafe { erl_nif_sys::enif_make_new_binary(env, room, &mut answer) };
    // SAFETY: the new binary has so many bytes, and nobody else knows it.
    let to = unsafe { slice::from_raw_parts_mut(to, room) };
    // No kernel answers with less than it asked room for.
    bench_kernels::run(number, body, to).map(|_| answer)
}

struct Static<T>(T);

// SAFETY: the VM alone reads the entry and its table, and nobody writes them.
unsafe impl<T> Sync for Static<T> {}

static FUNCTIONS: Static<[ErlNifFunc; 1]> =
    Static([ErlNifFunc { name: c"inline".as_ptr(), arity: 2, fptr: Some(inline), flags: 0 }]);

static ENTRY: Static<ErlNifEntry> = Static(ErlNifEntry {
    major: erl_nif_sys::ERL_NIF_MAJOR_VERSION,
    minor: erl_nif_sys::ERL_NIF_MINOR_VERSION,
    name: c"Elixir.Bench.Peers.RawNif".as_ptr(),
    num_of_funcs: 1,
    funcs: (&raw const FUNCTIONS).cast(),
    load: None,
    reload: None,
    upgrade: None,
    unload: None,
    vm_variant: erl_nif_sys::ERL_NIF_VM_VARIANT.as_ptr().cast(),
    options: 1,
    sizeof_ErlNifResourceTypeInit: size_of::<erl_nif_sys::ErlNifResourceTypeInit>(),
    min_erts: erl_nif_sys::ERL_NIF_MIN_ERTS_VERSION.as_ptr().cast(),
});

/// What the VM looks for.
#[unsafe(no_mangle)] // the name is the VM's
pub extern "C" fn nif_init() -> *const c_void {
    (&raw const ENTRY).cast()
}
