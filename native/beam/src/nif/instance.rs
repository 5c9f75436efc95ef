//! Instances as resources, and the NIFs that speak to them.
#![allow(clippy::disallowed_methods)] // rustler brings a barrier for each NIF

use std::sync::{Arc, Once};

use bytes::Bytes;
use erl_driver::Pid;
use linkspan_engine::{Body, Instance, Outcome};
use rustler::{Binary, Encoder, Env, Error, LocalPid, Monitor, NifResult, Resource, ResourceArc, Term};

use super::call::{Call, answer, bytes};
use super::host::NifHost;
use super::{current, kept};
use crate::endpoint::{Direct, Endpoint, Said};
use crate::pid;
use crate::runtime::Runtime;

/// Room for a short answer.
pub const ROOM: usize = 256;

mod atoms {
    rustler::atoms! { term }
}

/// One instance. It belongs to the process that opened it, and ends with it.
pub struct NifInstance {
    owner: Pid,
    pub host: Arc<NifHost>,
    pub endpoint: Endpoint<Monitor>,
}

impl Resource for NifInstance {
    const IMPLEMENTS_DOWN: bool = true;

    fn down<'a>(&'a self, _env: Env<'a>, process: LocalPid, _monitor: Monitor) {
        let process = pid::from_nif(process);
        if process == self.owner {
            self.close();
        } else {
            self.endpoint.caller_died(process);
        }
    }
}

impl NifInstance {
    fn close(&self) {
        if let Some(instance) = &self.endpoint.instance {
            instance.close();
        }
        self.endpoint.close();
    }
}

/// Registers the type, once; see `lent`.
pub fn register(env: Env<'_>) -> bool {
    static ONCE: Once = Once::new();
    let mut registered = true;
    ONCE.call_once(|| {
        registered = env.register::<NifInstance>().is_ok();
        if registered {
            let owner = pid::from_nif(env.pid());
            let host = NifHost::new(owner);
            std::mem::forget(ResourceArc::new(NifInstance { owner, host, endpoint: Endpoint::new(None) }));
        }
    });
    registered
}

/// Opens an instance that belongs to the calling process.
#[rustler::nif]
fn open_instance(env: Env<'_>) -> NifResult<Term<'_>> {
    let runtime = Runtime::get().ok_or(Error::BadArg)?;
    let owner = pid::from_nif(env.pid());
    let host = NifHost::new(owner);
    let instance = Instance::new(&runtime.engine, host.clone());
    let resource = ResourceArc::new(NifInstance { owner, host, endpoint: Endpoint::new(Some(instance)) });
    env.monitor(&resource, &env.pid()).ok_or(Error::BadArg)?;
    Ok(resource.encode(env))
}

/// As `port_control/3` on a port of the driver: the same operations and commands; `{ok, Reply}` or `{Status, Body}`.
#[rustler::nif]
fn instance_control<'a>(env: Env<'a>, instance: Term<'a>, operation: u32, body: Term<'a>) -> NifResult<Term<'a>> {
    let body = bytes(body)?;
    let mut room = [0; ROOM];
    let lent = Body { bytes: &body, share: &|| kept::keep(&body) };
    let said = control(env, instance, operation, lent, &mut room)?;
    answer(env, said, &room)
}

/// As `instance_control`, with terms: `{term, Term}` if the call has run and its answer is one. All else is as there.
#[rustler::nif]
fn instance_call_term<'a>(env: Env<'a>, instance: Term<'a>, operation: u32, term: Term<'a>) -> NifResult<Term<'a>> {
    let body = term.to_binary();
    let mut room = [0; ROOM];
    let lent = Body { bytes: &body, share: &|| Bytes::copy_from_slice(&body) };
    let said = control(env, instance, operation, lent, &mut room)?;
    let reply = match &said {
        Said::Written(len) => decoded(env, &room[..*len]),
        Said::Outcome(outcome) => match &**outcome {
            Outcome::Ok(bytes) => decoded(env, bytes),
            _ => None,
        },
        _ => None,
    };
    reply.map_or_else(|| answer(env, said, &room), Ok)
}

fn control<'a>(env: Env<'a>, instance: Term<'a>, operation: u32, body: Body<'_>, room: &mut [u8]) -> NifResult<Said> {
    // The caller's term keeps it: no count is needed.
    let resource: &NifInstance = instance.decode()?;
    let site = Call { env, instance };
    Ok(current::within(env, || resource.endpoint.control(&site, &*resource.host, operation, body, room)))
}

/// `{term, Term}`. None if the bytes are no term, or have atoms that nobody knows.
fn decoded<'a>(env: Env<'a>, bytes: &[u8]) -> Option<Term<'a>> {
    let (term, len) = env.binary_to_term(bytes)?;
    (len == bytes.len()).then(|| (atoms::term(), term).encode(env))
}

/// A call that is deferred for certain, or too long to copy: its head, and its body by reference.
#[rustler::nif]
fn instance_direct<'a>(env: Env<'a>, instance: Term<'a>, head: Binary<'a>, body: Term<'a>) -> NifResult<bool> {
    let resource: &NifInstance = instance.decode()?;
    let body = bytes(body)?;
    let (request, _) = Direct::read(&head).map_err(|_| Error::BadArg)?;
    let lent = Body { bytes: &body, share: &|| kept::keep(&body) };
    current::within(env, || resource.endpoint.direct(&Call { env, instance }, request, lent));
    Ok(true)
}

/// Closes an instance. Anybody may.
#[rustler::nif]
fn close_instance(resource: ResourceArc<NifInstance>) -> bool {
    resource.close();
    true
}
