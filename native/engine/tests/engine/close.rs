//! The end of an instance by its host: everything that was accepted is answered, exactly once.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;

use linkspan_engine::{Job, Options, Outcome};

use crate::asked::{Asked, ok};
use crate::echo::{Echo, HOUR, echo_library, load, operation, start};
use crate::memory_host::{News, counting_engine, engine, wait_until};

const CLOSED: u8 = 3;

fn is_closed(echo: &Echo) -> bool {
    echo.instance.info()[0] == CLOSED
}

#[test]
fn closing_stops_what_runs_and_refuses_what_waits() {
    let echo = Echo::start();
    let running = echo.ask(operation::SLEEP, HOUR);
    wait_until("the request runs", || echo.instance.counts().deferred == 1);
    let waiting: Vec<_> = (0..5).map(|_| echo.ask(operation::ECHO, "")).collect();
    echo.instance.close();
    // Told to stop, the service returned what it had: that is no answer.
    assert_eq!(running.only_answer(), Outcome::Closed);
    for asked in waiting {
        assert_eq!(asked.only_answer(), Outcome::Closed);
    }
    wait_until("the instance is closed", || is_closed(&echo));
    echo.drop_without_news();
}

#[test]
fn closing_does_not_wait_for_what_runs() {
    let (echo, gate) = Echo::start_gated(&engine(1), Options::DEFAULT);
    let running = echo.occupy();
    echo.instance.close();
    assert!(!running.is_answered());
    assert!(!is_closed(&echo));
    drop(gate);
    running.only_answer();
}

// Two requests that never ended once left a VM without workers.
#[test]
fn a_request_that_does_not_end_with_its_instance_keeps_no_worker_from_the_others() {
    let alive = Arc::new(AtomicUsize::new(0));
    let engine = counting_engine(1, alive.clone());
    for _ in 0..3 {
        let (echo, gate) = Echo::start_gated(&engine, Options::DEFAULT);
        let running = echo.occupy();
        echo.instance.close();
        let (other, _gate) = Echo::start_gated(&engine, Options::DEFAULT);
        assert_eq!(other.ask(operation::ECHO_LONG, "there").only_answer(), ok("there"));
        assert_eq!(alive.load(SeqCst), 2);
        drop(gate);
        running.only_answer();
        wait_until("there is one worker again", || alive.load(SeqCst) == 1);
    }
}

// Two services that never stopped left a VM without workers, too.
#[test]
fn a_service_that_does_not_stop_keeps_no_worker_from_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stop").into_os_string().into_string().unwrap();
    let alive = Arc::new(AtomicUsize::new(0));
    let engine = counting_engine(1, alive.clone());
    for _ in 0..3 {
        let (stuck, gate) = Echo::blank(&engine);
        drop(gate);
        let service = "faulty".to_string();
        for job in [Job::Load { path: echo_library(), service }, start(&format!("await stop {file}"), Options::DEFAULT)]
        {
            assert!(matches!(stuck.submit(Asked::new(job)).only_answer(), Outcome::Ok(_)));
        }
        stuck.instance.close();
        let (other, _gate) = Echo::start_gated(&engine, Options::DEFAULT);
        assert_eq!(other.ask(operation::ECHO_LONG, "there").only_answer(), ok("there"));
    }
    assert_eq!(alive.load(SeqCst), 4);
    std::fs::write(file, "").unwrap();
    wait_until("there is one worker again", || alive.load(SeqCst) == 1);
    let (other, _gate) = Echo::start_gated(&engine, Options::DEFAULT);
    assert_eq!(other.ask(operation::ECHO_LONG, "still there").only_answer(), ok("still there"));
}

#[test]
fn closing_and_ending_at_once_leaves_as_many_workers_as_before() {
    let alive = Arc::new(AtomicUsize::new(0));
    let engine = counting_engine(2, alive.clone());
    for _ in 0..500 {
        let (echo, gate) = Echo::start_gated(&engine, Options::DEFAULT);
        drop(gate);
        let asked = echo.ask(operation::EMIT, "busy");
        echo.instance.close();
        asked.only_answer();
    }
    wait_until("there are two workers again", || alive.load(SeqCst) == 2);
    let (echo, _gate) = Echo::start_gated(&engine, Options::DEFAULT);
    assert_eq!(echo.ask(operation::ECHO_LONG, "there").only_answer(), ok("there"));
}

#[test]
fn dropping_the_handle_closes() {
    let echo = Echo::start();
    let running = echo.ask(operation::SLEEP, HOUR);
    wait_until("the request runs", || echo.instance.counts().deferred == 1);
    let waiting = echo.ask(operation::ECHO, "");
    echo.drop_without_news();
    running.only_answer();
    assert_eq!(waiting.only_answer(), Outcome::Closed);
}

#[test]
fn everything_on_a_dead_instance_is_closed() {
    let echo = Echo::start();
    echo.instance.close();
    wait_until("the instance is closed", || is_closed(&echo));
    echo.instance.close();
    for operation in [operation::ECHO, operation::ECHO_LONG, operation::UNKNOWN] {
        // Inline it may be left to `submit`, which refuses.
        assert!(matches!(echo.inline(operation, ""), None | Some(Outcome::Closed)), "operation {operation}");
        let asked = Asked::call(operation, "");
        assert_eq!(echo.instance.submit(&asked.ticket), Err(Outcome::Closed));
        asked.nothing_comes();
    }
    assert_eq!(echo.instance.submit(&Asked::new(start("", Options::DEFAULT)).ticket), Err(Outcome::Closed));
    let room = Asked::new(Job::Room { wanted: 0 });
    echo.instance.await_room(&room.ticket, 1);
    assert_eq!(room.only_answer(), Outcome::Closed);
}

#[test]
fn an_instance_that_was_never_started_closes() {
    let (echo, _) = Echo::blank(&engine(1));
    echo.instance.close();
    wait_until("the instance is closed", || is_closed(&echo));
    echo.drop_without_news();
}

#[test]
fn closing_before_the_start_answers_everything_closed() {
    let engine = engine(1);
    let (busy, gate) = Echo::start_gated(&engine, Options::DEFAULT);
    let running = busy.occupy();
    // The only worker is at the gate: nothing of this instance runs.
    let (echo, _) = Echo::blank(&engine);
    let mut asked: Vec<_> = [load(), start("emit", Options::DEFAULT)].map(|job| echo.submit(Asked::new(job))).into();
    asked.push(echo.ask(operation::ECHO, ""));
    echo.instance.close();
    drop(gate);
    running.only_answer();
    for asked in asked {
        assert_eq!(asked.only_answer(), Outcome::Closed);
    }
    echo.drop_without_news();
}

#[test]
fn closing_while_the_service_starts_stops_it_again() {
    let (echo, gate) = Echo::blank(&engine(1));
    assert!(matches!(echo.submit(Asked::new(load())).only_answer(), Outcome::Ok(_)));
    let starting = echo.submit(Asked::new(start("emit", Options::DEFAULT)));
    let waiting = echo.ask(operation::ECHO, "");
    assert_eq!(echo.next(), News::Event("started".into()));
    echo.instance.close();
    drop(gate);
    let outcome = starting.only_answer();
    assert!(outcome == ok("") || outcome == Outcome::Closed, "{outcome:?}");
    assert_eq!(waiting.only_answer(), Outcome::Closed);
    wait_until("the instance is closed", || is_closed(&echo));
    echo.drop_without_news();
}

#[test]
fn what_waits_when_an_instance_closes_sends_no_events() {
    let (echo, gate) = Echo::start_gated(&engine(1), Options::DEFAULT);
    let running = echo.occupy();
    let emits: Vec<_> = (0..3).map(|_| echo.ask(operation::EMIT, "late")).collect();
    echo.instance.close();
    drop(gate);
    running.only_answer();
    for emit in emits {
        assert_eq!(emit.only_answer(), Outcome::Closed);
    }
    echo.drop_without_news();
}

#[test]
fn closing_amid_many_senders_answers_each_accepted_request_once() {
    const SENDERS: usize = 3;
    for _ in 0..40 {
        let (echo, _) = Echo::start_gated(&engine(2), Options::DEFAULT);
        let barrier = Barrier::new(SENDERS + 1);
        let send = || {
            barrier.wait();
            let mut accepted = Vec::new();
            for i in 0..100 {
                if i % 2 == 0 && echo.inline(operation::ECHO, "").is_some() {
                    continue;
                }
                let asked = Asked::call(operation::ECHO_LONG, "");
                match echo.instance.submit(&asked.ticket) {
                    Ok(()) => accepted.push(asked),
                    Err(refused) => {
                        assert_eq!(refused, Outcome::Closed);
                        asked.nothing_comes();
                    }
                }
            }
            accepted
        };
        let accepted: Vec<Asked> = thread::scope(|scope| {
            let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(send)).collect();
            barrier.wait();
            wait_until("something runs", || echo.instance.counts().deferred > 0);
            echo.instance.close();
            senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
        });
        for asked in accepted {
            let outcome = asked.only_answer();
            assert!(outcome == ok("") || outcome == Outcome::Closed, "{outcome:?}");
        }
        echo.drop_without_news();
    }
}
