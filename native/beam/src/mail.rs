//! Answers sent straight to the caller: `{Reference, Status, Body}`.

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
        let (pid, reference) = (self.pid, self.reference.clone());
        // The NIF API sends only from threads that are no scheduler's, or in the name of a process.
        if !rustler::thread::is_scheduler_thread() {
            send(pid, &reference, outcome);
        } else if let Some(runtime) = Runtime::get() {
            runtime.errand(move || send(pid, &reference, outcome));
        }
    }
}

fn send(pid: Pid, reference: &[u8], outcome: Outcome) {
    let pid = pid::to_nif(pid);
    let status = outcome.status();
    ENV.with_borrow_mut(|owned| {
        // Fails if the caller is dead: then nobody waits.
        let _ = owned.send_and_clear(&pid, |env| {
            // A reference made by this VM: reading it makes no atoms.
            let reference = env.binary_to_term(reference).map(|(term, _)| term);
            (reference, status, binary(env, outcome.into_body())).encode(env)
        });
    });
}

fn binary(env: Env<'_>, body: Bytes) -> Term<'_> {
    if body.len() <= COPIED {
        return NewBinary::from_slice(env, &body).into();
    }
    ResourceArc::new(Lent(body)).make_binary(env, |lent| &lent.0).to_term(env)
}
