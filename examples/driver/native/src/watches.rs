//! Who watches what. The kernel has one watch for each file, here shared by several processes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::os::fd::OwnedFd;

use erl_driver::{Monitor, Pid, Port};
use rustix::fs::inotify::{self, WatchFlags};
use rustix::io::{Errno, Result};

/// What the kernel is asked to tell of.
const FLAGS: WatchFlags =
    WatchFlags::CREATE.union(WatchFlags::CLOSE_WRITE).union(WatchFlags::DELETE).union(WatchFlags::MOVE);

#[derive(Default)]
pub struct Watches {
    /// By number of the kernel: the processes that watch.
    watchers: HashMap<i32, Vec<Pid>>,
    /// One for each process that watches anything.
    monitors: HashMap<Pid, Monitor>,
}

impl Watches {
    /// Watches a path for a process; returns the number of the watch.
    pub fn add(&mut self, port: &Port<'_>, fd: &OwnedFd, process: Pid, path: &[u8]) -> Result<i32> {
        let number = inotify::add_watch(fd, path, FLAGS)?;
        let watchers = self.watchers.entry(number).or_default();
        if !watchers.contains(&process) {
            watchers.push(process);
        }
        if let Entry::Vacant(place) = self.monitors.entry(process) {
            match port.monitor(process) {
                Ok(monitor) => {
                    place.insert(monitor);
                }
                // It has ended since it called.
                Err(_) => {
                    self.forget(fd, process);
                    return Err(Errno::SRCH);
                }
            }
        }
        Ok(number)
    }

    /// Ends a process's watch.
    pub fn remove(&mut self, port: &Port<'_>, fd: &OwnedFd, process: Pid, number: i32) -> Result<()> {
        let watchers = self.watchers.get_mut(&number).ok_or(Errno::NOENT)?;
        let place = watchers.iter().position(|&watcher| watcher == process).ok_or(Errno::NOENT)?;
        watchers.swap_remove(place);
        self.drop_unused(fd);
        if !self.watchers.values().any(|watchers| watchers.contains(&process))
            && let Some(monitor) = self.monitors.remove(&process)
        {
            port.demonitor(&monitor);
        }
        Ok(())
    }

    /// Ends all watches of a process that has ended.
    pub fn forget(&mut self, fd: &OwnedFd, process: Pid) {
        self.monitors.remove(&process);
        self.watchers.values_mut().for_each(|watchers| watchers.retain(|&watcher| watcher != process));
        self.drop_unused(fd);
    }

    /// The processes that watch.
    pub fn of(&self, number: i32) -> &[Pid] {
        self.watchers.get(&number).map_or(&[], Vec::as_slice)
    }

    /// How many watches the kernel has.
    pub fn len(&self) -> i32 {
        self.watchers.len() as i32
    }

    fn drop_unused(&mut self, fd: &OwnedFd) {
        self.watchers.retain(|&number, watchers| {
            if watchers.is_empty() {
                // Fails if the file is gone, and the watch with it.
                let _ = inotify::remove_watch(fd, number);
            }
            !watchers.is_empty()
        });
    }
}
