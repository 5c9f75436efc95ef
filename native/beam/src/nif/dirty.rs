//! Instances whose deferred requests run on dirty schedulers.
//!
//! A caller moves its own NIF call there if the instance is idle, and gets the answer as its value. What nobody stays
//! with (casts, and calls that had to queue) is run in turns by a process of the instance, its runner.
#![allow(unsafe_code)] // moving a NIF call to another scheduler is a C contract
#![allow(clippy::disallowed_methods)] // rustler brings a barrier for each NIF

use std::ffi::{CStr, c_int};

use erl_driver::Pid;
use linkspan_engine::Body;
use rustler::sys::{ErlNifEnv, ErlNifTerm, enif_schedule_nif};
use rustler::{Atom, Encoder, Env, Error, NifResult, ResourceArc, SchedulerFlags, Term};

use super::call::{self, Call, bytes, entered};
use super::instance::{NifInstance, ROOM};
use super::kept;
use crate::pid;

/// Stack of a dirty scheduler's thread that a service may use: half of the 40 kilowords that the VM gives it unless
/// `+sssdcpu` or `+sssdio` say otherwise.
const STACK: usize = 160 * 1024;

mod atoms {
    rustler::atoms! { ok, dirty_cpu, dirty_io }
}

/// The process that runs an instance's turns, and on which schedulers.
pub struct Runner {
    pub pid: Pid,
    kind: SchedulerFlags,
}

/// Makes the calling process the runner of an instance.
#[rustler::nif]
fn become_runner(env: Env<'_>, resource: ResourceArc<NifInstance>, kind: Atom) -> NifResult<Atom> {
    let kind = match kind {
        kind if kind == atoms::dirty_cpu() => SchedulerFlags::DirtyCpu,
        kind if kind == atoms::dirty_io() => SchedulerFlags::DirtyIo,
        _ => return Err(Error::BadArg),
    };
    let set = resource.host.set_runner(Runner { pid: pid::from_nif(env.pid()), kind });
    if set { Ok(atoms::ok()) } else { Err(Error::BadArg) }
}

/// Runs a turn that the runner was asked for.
#[rustler::nif]
fn run_turn<'a>(env: Env<'a>, instance: Term<'a>) -> NifResult<Term<'a>> {
    let resource: &NifInstance = instance.decode()?;
    let runner = resource.host.runner().ok_or(Error::BadArg)?;
    Ok(moved(env, c"run_turn", runner, turn_entry, &[instance]))
}

/// Goes on with a call on a dirty scheduler.
pub fn call<'a>(env: Env<'a>, runner: &Runner, arguments: &[Term<'a>; 4]) -> Term<'a> {
    moved(env, c"instance_call", runner, call_entry, arguments)
}

type Function = unsafe extern "C" fn(*mut ErlNifEnv, c_int, *const ErlNifTerm) -> ErlNifTerm;

/// Lets the running NIF call go on in `function`, on another scheduler.
fn moved<'a, const N: usize>(
    env: Env<'a>,
    name: &CStr,
    runner: &Runner,
    function: Function,
    arguments: &[Term<'a>; N],
) -> Term<'a> {
    let arguments = arguments.map(|argument| argument.as_c_arg());
    // SAFETY: everything is valid for the call; `function` takes so many arguments.
    let term = unsafe {
        enif_schedule_nif(env.as_c_arg(), name.as_ptr(), runner.kind as c_int, function, N as c_int, arguments.as_ptr())
    };
    // SAFETY: a term for the running call to return.
    unsafe { Term::new(env, term) }
}

unsafe extern "C" fn call_entry(env: *mut ErlNifEnv, _count: c_int, arguments: *const ErlNifTerm) -> ErlNifTerm {
    // SAFETY: the VM's promise to a NIF of four arguments.
    unsafe { entered(env, arguments, call_here) }
}

unsafe extern "C" fn turn_entry(env: *mut ErlNifEnv, _count: c_int, arguments: *const ErlNifTerm) -> ErlNifTerm {
    // SAFETY: the VM's promise to a NIF of one argument.
    unsafe { entered(env, arguments, turn_here) }
}

fn call_here<'a>(
    env: Env<'a>,
    resource: &NifInstance,
    [instance, operation, body, timeout]: [Term<'a>; 4],
) -> NifResult<Term<'a>> {
    let body = bytes(body)?;
    let lent = Body { bytes: &body, share: &|| kept::keep(&body) };
    let mut room = [0; ROOM];
    let site = Call { env, instance };
    let said = resource.endpoint.run_here(&site, operation.decode()?, lent, timeout.decode()?, &mut room, STACK);
    call::answer(env, said, &room)
}

fn turn_here<'a>(env: Env<'a>, resource: &NifInstance, [_]: [Term<'a>; 1]) -> NifResult<Term<'a>> {
    resource.endpoint.has_moved();
    if let Some(instance) = &resource.endpoint.instance {
        instance.run_turn(STACK);
    }
    Ok(atoms::ok().encode(env))
}
