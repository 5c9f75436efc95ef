//! What has changed and has not been told yet.

use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use erl_driver::{Atom, Port, PortId, Terms};
use rustix::fs::inotify::{ReadFlags, Reader};
use rustix::io::{Errno, Result};

use crate::watches::Watches;

/// Room for some events.
const ROOM: usize = 4096;

pub struct Changes {
    /// By watch and name in it: what happened, in one.
    pending: BTreeMap<(i32, Vec<u8>), ReadFlags>,
    inotify: Atom,
    kinds: [(ReadFlags, Atom); 4],
}

impl Changes {
    pub fn new(port: &Port<'_>) -> Self {
        let kinds = [
            (ReadFlags::CREATE.union(ReadFlags::MOVED_TO), port.atom(c"created")),
            (ReadFlags::CLOSE_WRITE, port.atom(c"written")),
            (ReadFlags::DELETE.union(ReadFlags::MOVED_FROM), port.atom(c"deleted")),
            // The kernel had no room: some changes are not told.
            (ReadFlags::QUEUE_OVERFLOW, port.atom(c"overflow")),
        ];
        Changes { pending: BTreeMap::new(), inotify: port.atom(c"inotify"), kinds }
    }

    /// Reads all events there are; ends with `WOULDBLOCK`.
    pub fn read(&mut self, fd: &OwnedFd) -> Result<()> {
        let mut room = [MaybeUninit::uninit(); ROOM];
        let mut events = Reader::new(fd, &mut room);
        loop {
            match events.next() {
                Ok(event) => {
                    let name = event.file_name().map(|name| name.to_bytes().to_vec()).unwrap_or_default();
                    *self.pending.entry((event.wd(), name)).or_insert(ReadFlags::empty()) |= event.events();
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Sends `{inotify, Port, Watch, Name, Kinds}` to those who watch.
    pub fn tell(&mut self, port: PortId, watches: &Watches) {
        for ((number, name), flags) in std::mem::take(&mut self.pending) {
            let kinds: Vec<Atom> =
                self.kinds.iter().filter(|(flag, _)| flags.intersects(*flag)).map(|(_, kind)| *kind).collect();
            if kinds.is_empty() {
                continue;
            }
            for &process in watches.of(number) {
                let head = Terms::new().atom(self.inotify).port(port).int(number as isize).bytes(&name);
                let list = kinds.iter().fold(head, |terms, &kind| terms.atom(kind)).nil().list(kinds.len() + 1);
                // Fails if the process has ended: its watches end with it.
                let _ = port.send(process, list.tuple(5));
            }
        }
    }
}
