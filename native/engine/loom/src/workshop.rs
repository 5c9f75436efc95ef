//! Those around a schedule: a queue of requests, those who run turns, and those who ask for them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use loom::sync::Mutex;
use loom::sync::atomic::AtomicUsize;

use crate::schedule::{Schedule, Turns};
use crate::sync::fenced;

/// An instance as far as its turns are concerned.
pub struct Workshop {
    pub schedule: Schedule,
    hosted: bool,
    /// Requests in the queue. Its operations are `SeqCst`, as those of the engine's queue are.
    queue: AtomicUsize,
    /// Requests on their way to a worker beside the queue, each with a turn that is theirs.
    first: AtomicUsize,
    /// Turns that lie in the run queue of the workers, those that the host was asked for, and those of the instance's
    /// own thread, while it has one.
    enqueued: Mutex<usize>,
    asked: Mutex<usize>,
    own: Mutex<Option<usize>>,
    /// Whether somebody has the turn. Not of loom: not a step of the model.
    busy: AtomicBool,
}

impl Turns for Workshop {
    fn are_hosted(&self) -> bool {
        self.hosted
    }

    fn ask_host(&self) {
        *self.asked.lock().unwrap() += 1;
    }

    fn enqueue(self: &Arc<Self>) {
        let mut own = self.own.lock().unwrap();
        match own.as_mut() {
            Some(turns) => *turns += 1,
            None => *self.enqueued.lock().unwrap() += 1,
        }
    }

    fn wanted(&self) -> bool {
        fenced(SeqCst, || self.queue.load(SeqCst)) > 0
    }
}

impl Workshop {
    /// An instance whose service has not started; its first turn on a worker does that.
    fn blank(hosted: bool, own: bool) -> Self {
        Workshop {
            schedule: Schedule::new(),
            hosted,
            queue: AtomicUsize::new(0),
            first: AtomicUsize::new(0),
            enqueued: Mutex::new(0),
            asked: Mutex::new(0),
            own: Mutex::new(own.then_some(0)),
            busy: AtomicBool::new(false),
        }
    }

    /// One that is to start in a turn that a worker will take.
    pub fn starting(hosted: bool) -> Arc<Self> {
        let workshop = Arc::new(Workshop::blank(hosted, false));
        workshop.submit();
        workshop
    }

    /// One whose turns are the workers', or those of its host.
    pub fn open(hosted: bool) -> Arc<Self> {
        let workshop = Workshop::blank(hosted, false);
        workshop.schedule.open();
        Arc::new(workshop)
    }

    /// One with a thread of its own.
    pub fn with_thread() -> Arc<Self> {
        let workshop = Workshop::blank(false, true);
        workshop.schedule.open();
        Arc::new(workshop)
    }

    /// Brings a request, unless the instance is closing.
    pub fn submit(self: &Arc<Self>) {
        if !self.schedule.is_closing() {
            fenced(SeqCst, || self.queue.fetch_add(1, SeqCst));
            self.schedule.request(self);
        }
    }

    /// The same where nothing else is open: with the turn, if it is to be had.
    pub fn submit_first(self: &Arc<Self>) {
        if self.schedule.is_open() && self.schedule.claim() {
            fenced(SeqCst, || self.first.fetch_add(1, SeqCst));
            self.enqueue();
        } else {
            self.submit();
        }
    }

    /// The same, where whoever would take it has just gone: it is queued, and the turn given up again.
    pub fn submit_in_vain(self: &Arc<Self>) {
        if self.schedule.is_open() && self.schedule.claim() {
            fenced(SeqCst, || self.queue.fetch_add(1, SeqCst));
            self.schedule.over(self);
        } else {
            self.submit();
        }
    }

    pub fn close(self: &Arc<Self>) {
        self.schedule.close();
        self.schedule.request_last(self);
    }

    /// Runs a turn if there is one in the run queue; says whether there was.
    pub fn work(self: &Arc<Self>) -> bool {
        let some = take_one(&mut self.enqueued.lock().unwrap());
        if some {
            self.turn();
        }
        some
    }

    /// The same on the thread of its own, which ends with the instance: what comes then is for the workers.
    pub fn own_work(self: &Arc<Self>) -> bool {
        let some = self.own.lock().unwrap().as_mut().is_some_and(take_one);
        if some {
            self.turn();
            if self.schedule.is_closed() {
                *self.own.lock().unwrap() = None;
                self.schedule.over(self);
            }
        }
        some
    }

    /// Runs a turn on a thread of the host, if it was asked for one and nobody else has it; says whether it was asked.
    pub fn host(self: &Arc<Self>) -> bool {
        let some = take_one(&mut self.asked.lock().unwrap());
        if some && self.schedule.accept() {
            self.holding_turn(|| self.handle_one());
            self.schedule.over(self);
        }
        some
    }

    /// Runs a request on the thread that brings it, if the turn is to be had.
    pub fn claim(self: &Arc<Self>) {
        if self.schedule.claim() {
            self.holding_turn(|| self.handle_one());
            self.schedule.over(self);
        }
    }

    fn turn(self: &Arc<Self>) {
        self.holding_turn(|| {
            let first = fenced(SeqCst, || self.first.swap(0, SeqCst));
            assert!(first < 2, "two requests with one turn");
            if self.schedule.is_closing() {
                fenced(SeqCst, || self.queue.fetch_add(first, SeqCst));
            } else {
                if first == 0 {
                    self.handle_one();
                }
                self.schedule.open();
            }
            if self.schedule.is_closing() {
                self.schedule.end();
                fenced(SeqCst, || self.queue.swap(0, SeqCst));
            }
        });
        self.schedule.over(self);
    }

    /// Whoever has the turn is alone in taking from the queue.
    fn handle_one(&self) {
        if self.wanted() {
            fenced(SeqCst, || self.queue.fetch_sub(1, SeqCst));
        }
    }

    /// Of a closed instance there is nothing left that two turns could disturb.
    fn holding_turn(&self, run: impl FnOnce()) {
        if self.schedule.is_closed() {
            return run();
        }
        assert!(!self.busy.swap(true, Relaxed), "two turns at once");
        run();
        self.busy.store(false, Relaxed);
    }

    /// Has everybody do what they were asked for, but a host that does not come; then nothing may be left.
    pub fn settle(self: &Arc<Self>, host_comes: bool) {
        while self.work() || self.own_work() || (host_comes && self.host()) {}
        assert!(!self.wanted() && self.first.load(SeqCst) == 0, "a request is left without a turn");
        assert!(!self.schedule.is_closing() || self.schedule.is_closed(), "the last turn is missing");
    }
}

fn take_one(count: &mut usize) -> bool {
    let some = *count > 0;
    *count -= usize::from(some);
    some
}
