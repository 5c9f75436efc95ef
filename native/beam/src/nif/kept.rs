//! A binary of the VM, kept beyond the call that brought it.
#![allow(unsafe_code)] // the binary's lifetime is that of an environment, which the types do not tie to it

use bytes::Bytes;
use rustler::{Binary, OwnedEnv};

/// Binaries up to this length are copied: an environment costs more.
const COPIED: usize = 1024;

struct Kept {
    data: *const u8,
    len: usize,
    _env: OwnedEnv,
}

// SAFETY: the bytes are never changed, and the environment is only dropped.
unsafe impl Send for Kept {}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the environment holds a reference to the binary.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

/// Makes a binary owned: by reference if it is long.
pub fn keep(binary: &Binary<'_>) -> Bytes {
    if binary.len() <= COPIED {
        return Bytes::copy_from_slice(binary);
    }
    let env = OwnedEnv::new();
    let (data, len) = env.run(|inner| {
        // A copy of the term; the bytes of a binary of this length are shared.
        let copy = binary.to_term(inner).in_env(inner);
        Binary::from_term(copy).map_or((std::ptr::null(), 0), |kept| (kept.as_ptr(), kept.len()))
    });
    if data.is_null() {
        return Bytes::copy_from_slice(binary);
    }
    Bytes::from_owner(Kept { data, len, _env: env })
}
