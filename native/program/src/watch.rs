//! Ends the program when the VM is gone or has closed the port, whatever the service is doing.

use std::fs::File;
use std::io;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpid, kill_process};

/// Watches both descriptors on a thread of its own, which sleeps until one of them is hung up.
pub fn start(input: File, output: File) -> io::Result<()> {
    end_with_parent()?;
    thread::Builder::new().name("linkspan_watch".into()).spawn(move || watch(&input, &output)).map(drop)
}

/// A program that is stopped sees no descriptor: the kernel ends it with the process of the VM's that has started it.
#[cfg(target_os = "linux")]
fn end_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Other systems do not know this.
#[cfg(not(target_os = "linux"))]
fn end_with_parent() -> io::Result<()> {
    Ok(())
}

fn watch(input: &File, output: &File) {
    loop {
        // No events are asked for: hang-ups and errors are always told.
        let mut both = [PollFd::new(input, PollFlags::empty()), PollFd::new(output, PollFlags::empty())];
        match poll(&mut both, None) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            _ => die(),
        }
    }
}

/// Ends at once: no exit handler of a library may keep a program alive that nobody can reach.
pub fn die() {
    let _ = kill_process(getpid(), Signal::KILL);
}
