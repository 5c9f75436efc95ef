//! What the program gives up before it loads anything: privileges it could gain, and more memory, processor time,
//! descriptors and processes than it was told to use.

use std::ffi::OsString;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The flags, each with a number behind it.
const FLAGS: [(&str, Resource); 4] = [
    // Private memory that may be written to. Limiting the address space would count what is only reserved as well.
    ("--memory", Resource::Data),
    ("--cpu", Resource::Cpu),
    ("--files", Resource::Nofile),
    ("--processes", Resource::Nproc),
];

/// Bounds that have been asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Limits(Vec<(Resource, u64)>);

impl Limits {
    /// Takes the flags off the arguments, which they stand in front of.
    pub fn take(arguments: &mut Vec<OsString>) -> Result<Self, String> {
        let mut limits = Limits::default();
        while let Some((flag, resource)) = arguments.first().and_then(named) {
            let value = arguments.get(1).and_then(|value| value.to_str()?.parse().ok());
            limits.0.push((resource, value.ok_or_else(|| format!("{flag} wants a number behind it"))?));
            arguments.drain(..2);
        }
        Ok(limits)
    }

    /// Binds this process. What it has already stays, and a lower bound of the system's holds.
    pub fn set(&self) -> io::Result<()> {
        self.0.iter().try_for_each(|(resource, most)| bound(*resource, *most))
    }
}

fn named(argument: &OsString) -> Option<(&'static str, Resource)> {
    FLAGS.into_iter().find(|(flag, _)| argument == flag)
}

fn bound(resource: Resource, most: u64) -> io::Result<()> {
    // One second of processor time lies between the signal that says why, SIGXCPU, and SIGKILL.
    let hard = if resource == Resource::Cpu { most.saturating_add(1) } else { most };
    let maximum = getrlimit(resource).maximum.map_or(hard, |old| old.min(hard));
    setrlimit(resource, Rlimit { current: Some(most.min(maximum)), maximum: Some(maximum) })
        .map_err(|error| io::Error::other(format!("{resource:?} cannot be limited to {most}: {error}")))
}

/// From now on no program that is run by this thread, or by one it starts, gains privileges by set-user-ID and the like.
#[cfg(target_os = "linux")]
pub fn gain_no_privileges() -> io::Result<()> {
    Ok(rustix::thread::set_no_new_privs(true)?)
}

/// Other systems do not know this.
#[cfg(not(target_os = "linux"))]
pub fn gain_no_privileges() -> io::Result<()> {
    Ok(())
}
