//! Service libraries, kept by content.
//!
//! A library is loaded from a private copy that is unlinked at once: the file it came from can be overwritten
//! at any time, and a rebuilt library is simply another one. Libraries are never unloaded, since their threads
//! and thread-locals could not survive it.

use std::collections::HashMap;
use std::env;
use std::fmt::Write as _;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use object::{FileKind, Object, ObjectSection, ObjectSegment};
use parking_lot::Mutex;
use rustix::process::{Resource, getrlimit};
use sha2::{Digest, Sha256};

use crate::abi::Service;

/// Why a service library cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// There is no such file, or it cannot be read.
    #[error("{path}: {why}")]
    Missing {
        /// The path as it was given.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The file is no shared library, or no service library.
    #[error("{path}: not a service library: {why}")]
    NotALibrary {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The library was built for another version of the service ABI.
    #[error("{path}: made for service ABI {found}, this host has {expected}")]
    WrongAbi {
        /// The path as it was given.
        path: String,
        /// The library's version.
        found: u32,
        /// The host's version.
        expected: u32,
    },
    /// The library has no service of that name.
    #[error("{path}: no service {service}, only {known}")]
    UnknownService {
        /// The path as it was given.
        path: String,
        /// The name asked for.
        service: String,
        /// The names it has, separated by commas.
        known: String,
    },
}

impl LibraryError {
    /// The error's parts, path first, as `docs/frame.md` lists them.
    pub(crate) fn fields(&self) -> Vec<String> {
        match self {
            LibraryError::Missing { path, why } | LibraryError::NotALibrary { path, why } => {
                vec![path.clone(), why.clone()]
            }
            LibraryError::WrongAbi { path, found, expected } => {
                vec![path.clone(), found.to_string(), expected.to_string()]
            }
            LibraryError::UnknownService { path, service, known } => vec![path.clone(), service.clone(), known.clone()],
        }
    }
}

/// One loaded library.
#[derive(Debug)]
pub struct Library {
    /// SHA-256 of the file, in hexadecimal.
    pub hash: String,
    pub(crate) services: Vec<Service>,
}

/// What a library says of one of its services.
#[derive(Clone, Debug)]
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// Numbers and names of its operations.
    pub operations: Vec<(u32, &'static str)>,
    /// What a typed service says of itself, a term; empty if it is not typed.
    pub description: Bytes,
}

impl Library {
    /// Its services.
    pub fn services(&self) -> impl Iterator<Item = Described> {
        self.services.iter().map(|service| Described {
            name: service.name(),
            operations: service.operations().collect(),
            description: service.description(),
        })
    }
}

/// The libraries of this process.
#[derive(Debug, Default)]
pub struct Libraries(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_file: HashMap<PathBuf, (Stamp, Arc<Library>)>,
    by_hash: HashMap<String, Arc<Library>>,
}

/// Tells whether a file is still the one that was read: which file it is, its length, and when it was last changed. That
/// time, unlike the modification time, cannot be set.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    len: u64,
    changed: Duration,
}

/// A file system's clock may stand still for so long: a change within it does not show in the stamp.
const TICK: Duration = Duration::from_secs(2);

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let changed = Duration::new(metadata.ctime().max(0) as u64, metadata.ctime_nsec().clamp(0, 999_999_999) as u32);
        Stamp { device: metadata.dev(), inode: metadata.ino(), len: metadata.len(), changed }
    }

    /// Whether a later change will show, as far as the system's clock tells.
    fn is_settled(&self) -> bool {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        self.changed + TICK < now
    }
}

impl Libraries {
    /// Loads a library, or finds it among the loaded ones. Reads the file, so not for a scheduler thread.
    pub fn load(&self, path: &str) -> Result<Arc<Library>, LibraryError> {
        let missing = |error: io::Error| LibraryError::Missing { path: path.into(), why: error.to_string() };
        let file = Path::new(path);
        let mut known = self.0.lock();
        let mut opened = File::open(file).map_err(missing)?;
        let before = opened.metadata().map_err(missing)?;
        let stamp = Stamp::of(&before);
        if let Some((_, library)) = known.by_file.get(file).filter(|(known, _)| *known == stamp) {
            return Ok(library.clone());
        }
        let settled = stamp.is_settled();
        let mut content = Vec::new();
        opened.read_to_end(&mut content).map_err(missing)?;
        let after = opened.metadata().map_err(missing)?;
        if (before.len(), before.modified().ok()) != (after.len(), after.modified().ok()) {
            return Err(LibraryError::NotALibrary { path: path.into(), why: "it changed while it was read".into() });
        }
        let hash = hex(&Sha256::digest(&content));
        let library = match known.by_hash.get(&hash) {
            Some(library) => library.clone(),
            None => Arc::new(Library { services: open_copy(path, &content)?, hash: hash.clone() }),
        };
        known.by_hash.insert(hash, library.clone());
        if settled {
            known.by_file.insert(file.to_path_buf(), (stamp, library.clone()));
        }
        Ok(library)
    }

    /// Finds a service in a library.
    pub(crate) fn service(&self, path: &str, name: &str) -> Result<(Arc<Library>, Service), LibraryError> {
        let library = self.load(path)?;
        match library.services.iter().find(|service| service.name() == name) {
            Some(service) => Ok((library.clone(), service.clone())),
            None => Err(LibraryError::UnknownService {
                path: path.into(),
                service: name.into(),
                known: library.services.iter().map(Service::name).collect::<Vec<_>>().join(", "),
            }),
        }
    }
}

/// Loads a private copy of a library; the copy has no name any more when this returns.
fn open_copy(path: &str, content: &[u8]) -> Result<Vec<Service>, LibraryError> {
    let why = |why: String| LibraryError::NotALibrary { path: path.into(), why };
    if content.is_empty() {
        return Err(why("the file is empty".into()));
    }
    whole(content).map_err(|error| why(format!("it is damaged: {error}")))?;
    // Whoever writes beyond it gets a signal, SIGXFSZ, that ends the process.
    let longest = getrlimit(Resource::Fsize).current.unwrap_or(u64::MAX);
    if content.len() as u64 > longest {
        return Err(why(format!("its copy cannot be written: files may have {longest} bytes at most")));
    }
    let mut copy = tempfile::Builder::new()
        .prefix("linkspan-")
        .suffix(".so")
        .tempfile()
        .map_err(|error| why(format!("no copy of it can be made in {}: {error}", env::temp_dir().display())))?;
    copy.write_all(content).map_err(|error| why(format!("its copy cannot be written: {error}")))?;
    crate::abi::open(copy.path(), path)
}

/// Whether everything that a library's headers speak of lies within the file. The system's loader does not ask, and
/// whoever touches what is missing gets a SIGBUS. What is no library at all is left to the loader to name.
fn whole(content: &[u8]) -> Result<(), object::Error> {
    match FileKind::parse(content) {
        Ok(FileKind::Elf32 | FileKind::Elf64 | FileKind::MachO32 | FileKind::MachO64) => {}
        _ => return Ok(()),
    }
    let file = object::File::parse(content)?;
    file.segments().try_for_each(|segment| segment.data().map(drop))?;
    file.sections().try_for_each(|section| section.data().map(drop))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
