//! Descriptors 3 and 4, on which the VM talks to a program opened with `nouse_stdio`. Others are not kept.

use std::fs::{self, File};
use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Resource, getrlimit};

const INPUT: RawFd = 3;
const OUTPUT: RawFd = 4;
/// Tried one by one where the system does not tell which are open.
const MOST_GUESSED: u64 = 65_536;

/// Takes both over, once, and keeps them from programs that a service may start.
pub fn take() -> io::Result<(File, File)> {
    Ok((one(INPUT, "reads")?, one(OUTPUT, "writes")?))
}

fn one(descriptor: RawFd, does: &str) -> io::Result<File> {
    // SAFETY: only borrowed for a call that fails if it is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    fcntl_setfd(borrowed, FdFlags::CLOEXEC)
        .map_err(|error| io::Error::other(format!("it {does} frames on descriptor {descriptor}: {error}")))?;
    // SAFETY: open, as just seen; the VM handed it down to this program, and nothing else here uses it.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}

/// Closes what whoever started this program has left open behind those two. To be called before anything is opened here.
pub fn close_others() {
    for descriptor in inherited() {
        // SAFETY: only borrowed for a call that fails if it is not open, as the one is by which they were listed.
        let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
        if rustix::io::fcntl_getfd(borrowed).is_ok() {
            // SAFETY: open, as just seen; nothing in this program has opened or knows it.
            drop(unsafe { OwnedFd::from_raw_fd(descriptor) });
        }
    }
}

fn inherited() -> Vec<RawFd> {
    match fs::read_dir("/dev/fd") {
        Ok(open) => {
            let numbers = open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
            numbers.filter(|descriptor| *descriptor > OUTPUT).collect()
        }
        Err(_) => {
            let most = getrlimit(Resource::Nofile).current.unwrap_or(MOST_GUESSED).min(MOST_GUESSED);
            (OUTPUT + 1..most as RawFd).collect()
        }
    }
}
