//! Deferred requests on threads of the host: turns that it is asked for, and claims.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, unbounded};
use linkspan_engine::{Body, Claim, FOREVER, Host, Inline, Instance, Options, Outcome, Ticket};

use crate::asked::{Asked, ok};
use crate::echo::{Echo, HOUR, load, operation, start};
use crate::memory_host::{MemoryHost, News, PATIENCE, engine, wait_until};

pub const STACK: usize = 512 * 1024;
const CLOSED: u8 = 3;

/// A host that runs turns, when the test does.
struct HostedHost {
    host: Arc<MemoryHost>,
    asked: Sender<()>,
}

impl Host for HostedHost {
    fn name(&self) -> &'static str {
        self.host.name()
    }

    fn inline_stack(&self) -> usize {
        self.host.inline_stack()
    }

    fn event(&self, event: Bytes) {
        self.host.event(event);
    }

    fn overran(&self, _service: &str, _operation: &str, _spent: Duration) {}

    fn runs_turns(&self) -> bool {
        true
    }

    fn ask_turn(&self) {
        let _ = self.asked.send(());
    }

    fn ended(&self, reason: Outcome) {
        self.host.ended(reason);
    }
}

/// A started instance, and the turns that its host is asked for.
pub fn hosted() -> (Echo, Receiver<()>) {
    let (host, news, _) = MemoryHost::new();
    let (asked, turns) = unbounded();
    let instance = Instance::new(&engine(1), Arc::new(HostedHost { host, asked }));
    let echo = Echo { instance, news };
    for job in [load(), start("", Options::DEFAULT)] {
        let outcome = echo.submit(Asked::new(job)).only_answer();
        assert!(matches!(outcome, Outcome::Ok(_)), "{outcome:?}");
    }
    assert!(turns.is_empty(), "load and start are for workers");
    (echo, turns)
}

/// Claims an instance as soon as the turn that answered last is over.
fn claim(echo: &Echo, len: usize) -> Claim<'_> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(claim) = echo.instance.claim(len) {
            return claim;
        }
        assert!(Instant::now() < deadline, "never idle");
        thread::yield_now();
    }
}

/// Runs a call by a claim.
fn run(echo: &Echo, operation: u32, body: &str, ticket: &Arc<Ticket>) -> Outcome {
    let claim = claim(echo, body.len());
    let mut room = [0; 64];
    let lent = Body { bytes: body.as_bytes(), share: &|| Bytes::copy_from_slice(body.as_bytes()) };
    match claim.run(operation, lent, ticket, &mut room, STACK) {
        Inline::Written(len) => Outcome::Ok(Bytes::copy_from_slice(&room[..len])),
        Inline::Outcome(outcome) => outcome,
    }
}

fn forever() -> Arc<Ticket> {
    Arc::new(Ticket::here(FOREVER))
}

#[test]
fn what_is_queued_waits_for_the_turn_that_the_host_is_asked_for_once() {
    let (echo, turns) = hosted();
    let asked: Vec<_> = (0..5).map(|n| echo.ask(operation::ECHO_LONG, &n.to_string())).collect();
    turns.recv_timeout(PATIENCE).expect("a turn is asked for");
    assert!(turns.is_empty());
    assert!(asked.iter().all(|asked| !asked.is_answered()));
    echo.instance.run_turn(STACK);
    for (n, asked) in asked.into_iter().enumerate() {
        assert_eq!(asked.only_answer(), ok(&n.to_string()));
    }
    echo.instance.run_turn(STACK);
    assert_eq!(echo.instance.counts().deferred, 5);
}

#[test]
fn a_turn_that_leaves_something_asks_for_another() {
    let (echo, turns) = hosted();
    let asked: Vec<_> = (0..200).map(|_| echo.ask(operation::ECHO_LONG, "")).collect();
    let mut ran = 0;
    while turns.try_recv().is_ok() {
        echo.instance.run_turn(STACK);
        ran += 1;
    }
    assert!(ran > 1, "200 requests took one turn");
    for asked in asked {
        assert_eq!(asked.only_answer(), ok(""));
    }
}

#[test]
fn closing_takes_back_a_turn_that_the_host_never_runs() {
    let (echo, turns) = hosted();
    let asked = echo.ask(operation::ECHO_LONG, "");
    turns.recv_timeout(PATIENCE).expect("a turn is asked for");
    echo.instance.close();
    assert_eq!(asked.only_answer(), Outcome::Closed);
    wait_until("a worker has closed it", || echo.instance.info()[0] == CLOSED);
    echo.instance.run_turn(STACK);
    assert!(turns.is_empty());
}

#[test]
fn closing_during_a_turn_leaves_the_rest_to_a_worker() {
    let (echo, turns) = hosted();
    let running = echo.ask(operation::SLEEP, HOUR);
    let waiting = echo.ask(operation::ECHO_LONG, "");
    turns.recv_timeout(PATIENCE).expect("a turn is asked for");
    thread::scope(|scope| {
        scope.spawn(|| echo.instance.run_turn(STACK));
        wait_until("the request runs", || echo.instance.counts().deferred == 1);
        echo.instance.close();
    });
    running.only_answer();
    assert_eq!(waiting.only_answer(), Outcome::Closed);
    wait_until("a worker has closed it", || echo.instance.info()[0] == CLOSED);
}

#[test]
fn a_claim_runs_at_once_and_is_counted_as_deferred() {
    let (echo, turns) = hosted();
    assert_eq!(run(&echo, operation::ECHO_LONG, "hello", &forever()), ok("hello"));
    let long = "x".repeat(100);
    assert_eq!(run(&echo, operation::ECHO_LONG, &long, &forever()), ok(&long));
    assert_eq!((echo.instance.counts().inline, echo.instance.counts().deferred), (0, 2));
    assert!(echo.instance.is_idle());
    assert!(turns.is_empty());
}

#[test]
fn there_is_no_claim_while_anything_is_open_and_what_comes_meanwhile_has_the_next_turn() {
    let (echo, turns) = hosted();
    let claim = claim(&echo, 0);
    assert!(echo.instance.claim(0).is_none());
    assert_eq!(echo.inline(operation::ECHO, ""), None);
    let asked = echo.ask(operation::ECHO_LONG, "");
    assert!(turns.is_empty());
    drop(claim);
    turns.recv_timeout(PATIENCE).expect("a turn is asked for");
    assert!(echo.instance.claim(0).is_none());
    echo.instance.run_turn(STACK);
    assert_eq!(asked.only_answer(), ok(""));
    assert_eq!(run(&echo, operation::ECHO_LONG, "again", &forever()), ok("again"));
}

#[test]
fn a_claim_whose_caller_gives_up_stops() {
    let (echo, _turns) = hosted();
    assert_eq!(run(&echo, operation::SLEEP, HOUR, &Arc::new(Ticket::here(0))), Outcome::Expired);
    assert_eq!(echo.instance.counts().deferred, 0);
    assert_eq!(run(&echo, operation::SLEEP, HOUR, &Arc::new(Ticket::here(1))), Outcome::Expired);
    let ticket = forever();
    thread::scope(|scope| {
        let running = scope.spawn(|| run(&echo, operation::SLEEP, HOUR, &ticket));
        wait_until("the request runs", || echo.instance.counts().deferred == 2);
        assert!(ticket.cancel());
        assert_eq!(running.join().unwrap(), Outcome::Expired);
    });
    assert_eq!(echo.instance.counts().cancelled, 3);
}

#[test]
fn closing_during_a_claim_is_its_answer() {
    let (echo, _turns) = hosted();
    thread::scope(|scope| {
        let running = scope.spawn(|| run(&echo, operation::SLEEP, HOUR, &forever()));
        wait_until("the request runs", || echo.instance.counts().deferred == 1);
        echo.instance.close();
        assert_eq!(running.join().unwrap(), Outcome::Closed);
    });
    wait_until("a worker has closed it", || echo.instance.info()[0] == CLOSED);
}

#[test]
fn a_panic_in_a_claim_ends_the_instance() {
    let (echo, _turns) = hosted();
    let outcome = run(&echo, operation::PANIC, "boom", &forever());
    assert!(matches!(outcome, Outcome::Panicked(_)), "{outcome:?}");
    assert_eq!(echo.next(), News::Ended(outcome));
}
