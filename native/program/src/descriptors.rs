//! Descriptors 3 and 4, on which the VM talks to a program opened with `nouse_stdio`.

use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};

const INPUT: RawFd = 3;
const OUTPUT: RawFd = 4;

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
