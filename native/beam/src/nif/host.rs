//! What the engine may ask of a resource: events to its listener, and its owner's end.

use std::sync::{Arc, OnceLock, Weak};

use std::time::Duration;

use bytes::Bytes;
use erl_driver::Pid;
use linkspan_engine::{Host, Outcome};
use rustler::types::NewBinary;
use rustler::{Encoder, Env, Term};

use super::dirty::Runner;
use crate::endpoint::{Listener, Surroundings};
use crate::runtime::Ended;
use crate::{mail, pid, runtime};

/// Stack of a scheduler thread that a service may use: half of what the VM gives it.
const INLINE_STACK: usize = 512 * 1024;
/// As `end_reason/3` of the keeper wants to know: not while starting.
const RUNNING: u8 = 1;

mod atoms {
    rustler::atoms! { linkspan, event, linkspan_ended, linkspan_overran, linkspan_turn }
}

pub struct NifHost {
    owner: Pid,
    listener: OnceLock<Listener>,
    /// Who brings deferred requests to dirty schedulers, if they run there.
    runner: OnceLock<Runner>,
    /// How the instance ends: the status and its body.
    ended: OnceLock<(u8, Bytes)>,
    me: Weak<NifHost>,
}

impl NifHost {
    pub fn new(owner: Pid) -> Arc<Self> {
        Arc::new_cyclic(|me| NifHost {
            owner,
            listener: OnceLock::new(),
            runner: OnceLock::new(),
            ended: OnceLock::new(),
            me: me.clone(),
        })
    }

    /// Says who runs turns on dirty schedulers, once.
    pub fn set_runner(&self, runner: Runner) -> bool {
        self.runner.set(runner).is_ok()
    }

    pub fn runner(&self) -> Option<&Runner> {
        self.runner.get()
    }
}

impl Surroundings for NifHost {
    fn listen(&self, listener: Listener) -> bool {
        self.listener.set(listener).is_ok()
    }
}

impl Host for NifHost {
    fn name(&self) -> &'static str {
        "nif"
    }

    fn inline_stack(&self) -> usize {
        INLINE_STACK
    }

    fn event(&self, event: Bytes) {
        let Some(Listener { pid, instance }) = self.listener.get() else { return };
        let instance = instance.clone();
        mail::post(*pid, move |env| message(env, &instance, &event));
    }

    fn overran(&self, service: &str, operation: &str, spent: Duration) {
        if let Some(keeper) = runtime::keeper() {
            let (service, operation) = (service.to_owned(), operation.to_owned());
            let micros = spent.as_micros() as u64;
            mail::post(keeper, move |env| {
                let service: Term<'_> = NewBinary::from_slice(env, service.as_bytes()).into();
                let operation: Term<'_> = NewBinary::from_slice(env, operation.as_bytes()).into();
                (atoms::linkspan_overran(), service, operation, micros).encode(env)
            });
        }
    }

    fn runs_turns(&self) -> bool {
        self.runner.get().is_some()
    }

    fn ask_turn(&self) {
        // If the runner is dead, the owner that is linked to it is about to be, and with it the instance.
        if let Some(runner) = self.runner.get() {
            mail::post(runner.pid, |env| atoms::linkspan_turn().encode(env));
        }
    }

    fn ended(&self, reason: Outcome) {
        if self.ended.set((reason.status(), reason.into_body())).is_ok() {
            runtime::tell_keeper(self.me.clone());
        }
    }
}

impl Ended for NifHost {
    fn tell(&self, keeper: Pid) {
        let Some((status, body)) = self.ended.get().cloned() else { return };
        let owner = self.owner;
        mail::post(keeper, move |env| {
            let body: Term<'_> = NewBinary::from_slice(env, &body).into();
            (atoms::linkspan_ended(), pid::to_nif(owner), RUNNING, status, body).encode(env)
        });
    }
}

/// `{linkspan, Instance, {event, Binary}}`.
fn message<'a>(env: Env<'a>, instance: &[u8], event: &[u8]) -> Term<'a> {
    let instance = env.binary_to_term(instance).map(|(term, _)| term);
    let event: Term<'_> = NewBinary::from_slice(env, event).into();
    (atoms::linkspan(), instance, (atoms::event(), event)).encode(env)
}
