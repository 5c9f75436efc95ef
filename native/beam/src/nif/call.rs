//! Calls of a service by one NIF, which is the way most requests take: `{ok, Reply}` if the call has run, else
//! `{Status, Body}`.
#![allow(unsafe_code)] // the entries of NIFs are a C contract
#![allow(clippy::disallowed_methods)] // `entered` is the barrier of the entries here

use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};

use erl_driver::Pid;
use linkspan_engine::{Body, status};
use rustler::codegen_runtime::{handle_nif_result, inventory};
use rustler::schedule::consume_timeslice;
use rustler::sys::{ErlNifEnv, ErlNifTerm};
use rustler::types::NewBinary;
use rustler::{Binary, Encoder, Env, Error, Monitor, Nif, NifResult, ResourceArc, Term};

use super::instance::{NifInstance, ROOM};
use super::{current, dirty, kept};
use crate::endpoint::{Said, Site};
use crate::{mail, pid};

mod atoms {
    rustler::atoms! { ok }
}

/// A NIF call, as the endpoint sees it.
pub struct Call<'a> {
    pub env: Env<'a>,
    pub instance: Term<'a>,
}

impl Call<'_> {
    /// With a reference count, which only monitors need.
    fn resource(&self) -> Option<ResourceArc<NifInstance>> {
        self.instance.decode().ok()
    }
}

impl Site for Call<'_> {
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

// Submitted by hand, since the macro would allocate.
inventory::submit!(Nif { name: c"instance_call".as_ptr(), arity: 4, flags: 0, raw_func: call_entry });

unsafe extern "C" fn call_entry(env: *mut ErlNifEnv, _count: c_int, arguments: *const ErlNifTerm) -> ErlNifTerm {
    // SAFETY: the VM's promise to a NIF of four arguments.
    unsafe { entered(env, arguments, call) }
}

/// Runs a call inline, or queues it; or goes on with it on a dirty scheduler: not before it is known that it need not wait
/// there for others.
fn call<'a>(
    env: Env<'a>,
    resource: &NifInstance,
    arguments @ [instance, operation, body, timeout]: [Term<'a>; 4],
) -> NifResult<Term<'a>> {
    let bytes = bytes(body)?;
    let lent = Body { bytes: &bytes, share: &|| kept::keep(&bytes) };
    let mut room = [0; ROOM];
    let (site, endpoint) = (Call { env, instance }, &resource.endpoint);
    let (operation, timeout) = (operation.decode()?, timeout.decode()?);
    let said = match resource.host.runner() {
        None => endpoint.call(&site, operation, timeout, lent, &mut room),
        Some(runner) => match endpoint.begin(&site, operation, lent, timeout, &mut room) {
            Some(said) => said,
            None => return Ok(dirty::call(env, runner, &arguments)),
        },
    };
    answer(env, said, &room)
}

/// The bytes of a body.
#[inline]
pub fn bytes(body: Term<'_>) -> NifResult<Binary<'_>> {
    Binary::from_term(body).or_else(|_| Binary::from_iolist(body))
}

/// `{ok, Reply}` or `{Status, Body}`.
pub fn answer<'a>(env: Env<'a>, said: Said, room: &[u8]) -> NifResult<Term<'a>> {
    Ok(match said {
        Said::Written(len) => (atoms::ok(), short(env, &room[..len])).encode(env),
        Said::Outcome(outcome) => {
            let status = outcome.status();
            let body = mail::binary(env, &outcome.into_body());
            if status == status::OK { (atoms::ok(), body).encode(env) } else { (status, body).encode(env) }
        }
        Said::Deferred(id) => (status::DEFERRED, short(env, &id.to_be_bytes())).encode(env),
        Said::Waiting => (status::DEFERRED, short(env, &[])).encode(env),
        Said::Badarg => return Err(Error::BadArg),
    })
}

fn short<'a>(env: Env<'a>, bytes: &[u8]) -> Term<'a> {
    NewBinary::from_slice(env, bytes).into()
}

/// Runs a NIF call, or the rest of one, whose first argument is an instance; with the one unwind barrier around it.
///
/// # Safety
/// `env` must be that of the running call, which has `N` arguments.
pub unsafe fn entered<const N: usize>(
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
            Err(Error::RaiseAtom("nif_panicked"))
        })
    };
    // SAFETY: the term is returned to the VM at once.
    unsafe { handle_nif_result(Ok(run()), env).apply(env) }
}
