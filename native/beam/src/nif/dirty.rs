//! Instances whose deferred requests run on dirty schedulers.
//!
//! A caller moves its own NIF call there if the instance is idle, and gets the answer as its value. What nobody stays
//! with (casts, and calls that had to queue) is run in turns by a process of the instance, its runner.
#![allow(unsafe_code)] // moving a NIF call to another scheduler is a C contract
#![allow(clippy::disallowed_methods)] // rustler brings a barrier for each NIF; `entered` is that of the others

use std::ffi::{CStr, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use erl_driver::Pid;
use linkspan_engine::{Body, status};
use rustler::codegen_runtime::{handle_nif_result, inventory};
use rustler::schedule::consume_timeslice;
use rustler::sys::{ErlNifEnv, ErlNifTerm, enif_schedule_nif};
use rustler::types::NewBinary;
use rustler::{Atom, Binary, Encoder, Env, Error, Monitor, Nif, NifResult, ResourceArc, SchedulerFlags, Term};

use super::instance::{NifInstance, ROOM};
use super::{current, kept};
use crate::endpoint::{Said, Site};
use crate::{mail, pid};

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
    let kind = kind(instance.decode()?)?;
    Ok(moved(env, c"run_turn", kind, turn_entry, &[instance]))
}

// Calls to an instance with a runner: `{Status, Body}`. All begin on the caller's scheduler, so that those who would only
// wait for the instance hold no dirty one. Submitted by hand, since the macro would allocate.
inventory::submit!(Nif { name: c"instance_call".as_ptr(), arity: 4, flags: 0, raw_func: begin_entry });

unsafe extern "C" fn begin_entry(env: *mut ErlNifEnv, _count: c_int, arguments: *const ErlNifTerm) -> ErlNifTerm {
    // SAFETY: the VM's promise to a NIF of four arguments.
    unsafe { entered(env, arguments, begin) }
}

fn begin<'a>(
    env: Env<'a>,
    resource: &NifInstance,
    arguments @ [instance, operation, body, timeout]: [Term<'a>; 4],
) -> NifResult<Term<'a>> {
    let kind = kind(resource)?;
    let bytes = Binary::from_iolist(body)?;
    let lent = Body { bytes: &bytes, share: &|| kept::keep(&bytes) };
    let mut room = [0; ROOM];
    let call = Moving { env, instance };
    match resource.endpoint.begin(&call, operation.decode()?, lent, timeout.decode()?, &mut room) {
        Some(said) => answer(env, said, &room),
        None => Ok(moved(env, c"instance_call", kind, call_entry, &arguments)),
    }
}

/// A NIF call, as the endpoint sees it, that is to cost as little as can be.
struct Moving<'a> {
    env: Env<'a>,
    instance: Term<'a>,
}

impl Moving<'_> {
    /// With a reference count, which only monitors need.
    fn resource(&self) -> Option<ResourceArc<NifInstance>> {
        self.instance.decode().ok()
    }
}

impl Site for Moving<'_> {
    type Monitor = Monitor;

    fn caller(&self) -> Option<Pid> {
        Some(pid::from_nif(self.env.pid()))
    }

    fn monitor(&self, process: Pid) -> Option<Monitor> {
        self.env.monitor(&self.resource()?, &pid::to_nif(process))
    }

    fn demonitor(&self, monitor: &Monitor) {
        if let Some(resource) = self.resource() {
            self.env.demonitor(&resource, monitor);
        }
    }

    fn consume_timeslice(&self, percent: u8) {
        consume_timeslice(self.env, percent.into());
    }
}

fn kind(resource: &NifInstance) -> NifResult<SchedulerFlags> {
    resource.host.runner().map(|runner| runner.kind).ok_or(Error::BadArg)
}

type Function = unsafe extern "C" fn(*mut ErlNifEnv, c_int, *const ErlNifTerm) -> ErlNifTerm;

/// Lets the running NIF call go on in `function`, on another scheduler.
fn moved<'a, const N: usize>(
    env: Env<'a>,
    name: &CStr,
    kind: SchedulerFlags,
    function: Function,
    arguments: &[Term<'a>; N],
) -> Term<'a> {
    let arguments = arguments.map(|argument| argument.as_c_arg());
    // SAFETY: everything is valid for the call; `function` takes so many arguments.
    let term = unsafe {
        enif_schedule_nif(env.as_c_arg(), name.as_ptr(), kind as c_int, function, N as c_int, arguments.as_ptr())
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

/// Runs a NIF call, or the rest of one, whose first argument is an instance; with the one unwind barrier around it.
///
/// # Safety
/// `env` must be that of the running call, which has `N` arguments.
unsafe fn entered<const N: usize>(
    env: *mut ErlNifEnv,
    arguments: *const ErlNifTerm,
    rest: for<'a> fn(Env<'a>, &NifInstance, [Term<'a>; N]) -> NifResult<Term<'a>>,
) -> ErlNifTerm {
    let lifetime = ();
    // SAFETY: the caller's promise, here and below.
    let env = unsafe { Env::new(&lifetime, env) };
    // SAFETY: see above.
    let arguments: [ErlNifTerm; N] = unsafe { *arguments.cast() };
    // SAFETY: the terms belong to the call.
    let arguments = arguments.map(|argument| unsafe { Term::new(env, argument) });
    let run = || {
        // The caller's term keeps it: no count is needed.
        let resource: &NifInstance = arguments[0].decode()?;
        let run = AssertUnwindSafe(|| current::within(env, || rest(env, resource, arguments)));
        catch_unwind(run).unwrap_or_else(|_| {
            if let Some(instance) = &resource.endpoint.instance {
                instance.abandon();
            }
            Err(Error::Atom("nif_panicked"))
        })
    };
    // SAFETY: the term is returned to the VM at once.
    unsafe { handle_nif_result(Ok(run()), env).apply(env) }
}

fn call_here<'a>(
    env: Env<'a>,
    resource: &NifInstance,
    [instance, operation, body, timeout]: [Term<'a>; 4],
) -> NifResult<Term<'a>> {
    let body = Binary::from_iolist(body)?;
    let lent = Body { bytes: &body, share: &|| kept::keep(&body) };
    let mut room = [0; ROOM];
    let call = Moving { env, instance };
    let said = resource.endpoint.run_here(&call, operation.decode()?, lent, timeout.decode()?, &mut room, STACK);
    answer(env, said, &room)
}

fn turn_here<'a>(env: Env<'a>, resource: &NifInstance, [_]: [Term<'a>; 1]) -> NifResult<Term<'a>> {
    resource.endpoint.has_moved();
    if let Some(instance) = &resource.endpoint.instance {
        instance.run_turn(STACK);
    }
    Ok(atoms::ok().encode(env))
}

/// `{Status, Body}`.
fn answer<'a>(env: Env<'a>, said: Said, room: &[u8]) -> NifResult<Term<'a>> {
    Ok(match said {
        Said::Written(len) => two(env, room[0], &room[1..len]),
        Said::Outcome(outcome) => {
            let status = outcome.status();
            (status, mail::binary(env, &outcome.into_body())).encode(env)
        }
        Said::Deferred(id) => two(env, status::DEFERRED, &id.to_be_bytes()),
        Said::Waiting | Said::Badarg => return Err(Error::BadArg),
    })
}

fn two<'a>(env: Env<'a>, status: u8, body: &[u8]) -> Term<'a> {
    (status, Term::from(NewBinary::from_slice(env, body))).encode(env)
}
