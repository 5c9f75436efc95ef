//! Whether the thread that reads frames stays awake for the next one. To be woken takes as long as all else that a short call
//! does here, so it looks for a while, if its caller has been quick; and ever more seldom, if that is in vain.

use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, getrlimit};

/// How long it looks: a caller who asks again has his next request on its way by then.
const LOOK: Duration = Duration::from_micros(25);
/// Frames that come within this follow one another, though nobody looks: it takes a thread so long to wake up.
const SOON: Duration = Duration::from_micros(50);
/// Most frames that have to follow one another after a vain look, before there is another one.
const MOST_SKIPPED: u32 = 63;

pub struct Patience {
    /// Frames that are to follow one another before it looks.
    skips: u32,
    /// As many, after the next vain look.
    penalty: u32,
    /// Not if there is one processor only, for whoever is to send something as well; nor if processor time is bounded, which
    /// is for the service.
    may_look: bool,
}

impl Patience {
    pub fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, Into::into);
        let bounded = getrlimit(Resource::Cpu).current.is_some();
        Patience { skips: 1, penalty: 1, may_look: processors > 1 && !bounded }
    }

    /// Waits until something can be read, if it may come soon. Returns whether it has.
    pub fn look(&mut self, input: impl AsFd) -> bool {
        if self.skips > 0 || !self.may_look {
            return false;
        }
        let until = Instant::now() + LOOK;
        loop {
            let mut fds = [PollFd::new(&input, PollFlags::IN)];
            // What is wrong with it the next read says; a signal is no reason to go on.
            if poll(&mut fds, Some(&Timespec::default())) != Ok(0) {
                self.penalty = 1;
                return true;
            }
            if Instant::now() >= until {
                self.skips = self.penalty;
                self.penalty = (2 * self.penalty + 1).min(MOST_SKIPPED);
                return false;
            }
        }
    }

    /// Notes how long the last frame was waited for.
    pub fn waited(&mut self, time: Duration) {
        self.skips = if time < SOON { self.skips.saturating_sub(1) } else { self.skips.max(1) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write, pipe};

    const QUICK: Duration = Duration::from_micros(10);
    const SLOW: Duration = Duration::from_millis(1);

    fn allowed() -> Patience {
        Patience { may_look: true, ..Patience::new() }
    }

    /// How many frames have to follow one another before it looks.
    fn skipped(patience: &mut Patience) -> u32 {
        std::iter::from_fn(|| (patience.skips > 0).then(|| patience.waited(QUICK))).count() as u32
    }

    #[test]
    fn it_looks_when_a_frame_has_followed_another_one() {
        let (from, mut to) = pipe().unwrap();
        to.write_all(b"frame").unwrap();
        let mut patience = allowed();
        assert!(!patience.look(&from));
        patience.waited(QUICK);
        assert!(patience.look(&from));
        patience.waited(SLOW);
        assert!(!patience.look(&from));
    }

    #[test]
    fn a_vain_look_makes_the_next_one_rarer_and_one_that_finds_something_does_not() {
        let (mut from, mut to) = pipe().unwrap();
        let mut patience = allowed();
        let mut all = Vec::new();
        for _ in 0..8 {
            all.push(skipped(&mut patience));
            assert!(!patience.look(&from));
        }
        assert_eq!(all, [1, 1, 3, 7, 15, 31, 63, 63]);
        to.write_all(b"frame").unwrap();
        skipped(&mut patience);
        assert!(patience.look(&from));
        from.read_exact(&mut [0; 5]).unwrap();
        assert!(!patience.look(&from));
        assert_eq!(skipped(&mut patience), 1);
    }

    #[test]
    fn the_end_of_the_input_is_something_to_read() {
        let (from, to) = pipe().unwrap();
        drop(to);
        let mut patience = allowed();
        skipped(&mut patience);
        assert!(patience.look(&from));
    }

    #[test]
    fn it_never_looks_if_it_may_not() {
        let (from, _to) = pipe().unwrap();
        let mut patience = Patience { skips: 0, penalty: 1, may_look: false };
        assert!(!patience.look(&from));
        assert_eq!((patience.skips, patience.penalty), (0, 1));
    }
}
