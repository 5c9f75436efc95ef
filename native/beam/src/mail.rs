//! Messages by the NIF API, from whatever thread; above all answers, `{Reference, Status, Body}`.

use std::cell::RefCell;

use bytes::Bytes;
use erl_driver::Pid;
use linkspan_engine::{Outcome, Recipient};
use rustler::types::NewBinary;
use rustler::{Encoder, Env, OwnedEnv, ResourceArc, Term};

use crate::endpoint::Reference;
use crate::nif::{self, Lent};
use crate::pid;
use crate::runtime::Runtime;
use crate::term;

/// Bodies up to this length are copied; longer ones are lent. Copying so much costs less than a resource.
const COPIED: usize = 1024;

thread_local! {
    static ENV: RefCell<OwnedEnv> = RefCell::new(OwnedEnv::new());
}

/// A caller that waits for `{Reference, Status, Body}`.
pub struct Caller {
    pub pid: Pid,
    pub reference: Reference,
}

impl Recipient for Caller {
    fn reply(&self, outcome: Outcome) {
        let reference = self.reference.clone();
        let status = outcome.status();
        let body = outcome.into_body();
        // A reference made by this VM: reading it makes no atoms.
        post(self.pid, move |env| match body.len() <= COPIED {
            // Read in one go, the message is one piece of memory; made of its parts, it would be several.
            true => read(env, &term::message(&reference, status, &body)),
            false => (read(env, reference.as_bytes()), status, binary(env, &body)).encode(env),
        });
    }
}

/// A term from its external format.
fn read<'a>(env: Env<'a>, external: &[u8]) -> Term<'a> {
    env.binary_to_term(external).map(|(term, _)| term).encode(env)
}

/// Sends the message that `make` builds. The NIF API sends only from threads that are no scheduler's, or in the name
/// of a process: on a scheduler thread outside of a NIF call the message is left to the errand thread. So it is if
/// the process is dead, as one that was killed during its dirty NIF call is: nothing goes out in its name any more.
pub fn post(to: Pid, make: impl Fn(Env<'_>) -> Term<'_> + Send + 'static) {
    if nif::within_call(|env| env.send(&pid::to_nif(to), make(env)).is_ok()) == Some(true) {
        return;
    }
    if !rustler::thread::is_scheduler_thread() {
        send(to, make);
    } else if let Some(runtime) = Runtime::get() {
        runtime.errand(move || send(to, make));
    }
}

fn send(to: Pid, make: impl FnOnce(Env<'_>) -> Term<'_>) {
    ENV.with_borrow_mut(|owned| {
        // Fails if the receiver is dead: then nobody waits.
        let _ = owned.send_and_clear(&pid::to_nif(to), make);
    });
}

/// Bytes as a binary: lent if they are many.
pub fn binary<'a>(env: Env<'a>, body: &Bytes) -> Term<'a> {
    if body.len() <= COPIED {
        return NewBinary::from_slice(env, body).into();
    }
    ResourceArc::new(Lent(body.clone())).make_binary(env, |lent| &lent.0).to_term(env)
}
