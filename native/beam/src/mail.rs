//! Messages by the NIF API, from whatever thread; above all answers, `{Reference, Status, Body}`.

use std::cell::RefCell;

use bytes::Bytes;
use erl_driver::Pid;
use linkspan_engine::{Outcome, Recipient};
use rustler::types::NewBinary;
use rustler::{Encoder, Env, OwnedEnv, ResourceArc, Term};

use crate::nif::Lent;
use crate::pid;
use crate::runtime::Runtime;

/// Bodies up to this length are copied; longer ones are lent. Copying so much costs less than a resource.
const COPIED: usize = 1024;

thread_local! {
    static ENV: RefCell<OwnedEnv> = RefCell::new(OwnedEnv::new());
}

/// A caller that waits for `{Reference, Status, Body}`.
pub struct Caller {
    pub pid: Pid,
    /// The reference in the external format.
    pub reference: Bytes,
}

impl Recipient for Caller {
    fn reply(&self, outcome: Outcome) {
        let reference = self.reference.clone();
        post(self.pid, move |env| {
            // A reference made by this VM: reading it makes no atoms.
            let reference = env.binary_to_term(&reference).map(|(term, _)| term);
            let status = outcome.status();
            (reference, status, binary(env, outcome.into_body())).encode(env)
        });
    }
}

/// Sends the message that `make` builds. The NIF API sends only from threads that are no scheduler's, or in the name
/// of a process: on a scheduler thread the message is left to the errand thread.
pub fn post(to: Pid, make: impl FnOnce(Env<'_>) -> Term<'_> + Send + 'static) {
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

fn binary(env: Env<'_>, body: Bytes) -> Term<'_> {
    if body.len() <= COPIED {
        return NewBinary::from_slice(env, &body).into();
    }
    ResourceArc::new(Lent(body)).make_binary(env, |lent| &lent.0).to_term(env)
}
