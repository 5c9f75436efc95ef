//! The kernels as NIFs by rustler, as its guide writes them.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods)] // the barrier against panics is in what the macro writes

use rustler::{Binary, Env, Error, NifResult, OwnedBinary};

#[rustler::nif]
fn inline<'a>(env: Env<'a>, kernel: u32, body: Binary<'a>) -> NifResult<Binary<'a>> {
    run(env, kernel, body)
}

#[rustler::nif(schedule = "DirtyCpu")]
fn dirty_cpu<'a>(env: Env<'a>, kernel: u32, body: Binary<'a>) -> NifResult<Binary<'a>> {
    run(env, kernel, body)
}

fn run<'a>(env: Env<'a>, kernel: u32, body: Binary<'a>) -> NifResult<Binary<'a>> {
    let room = bench_kernels::room(kernel, body.len());
    let mut answer = OwnedBinary::new(room);
    bench_kernels::run(kernel, &body, &mut answer).ok_or(Error::RaiseAtom("failed"))?;
    Ok(answer.release(env))
}

rustler::init!("Elixir.Bench.Peers.RustlerNif");
