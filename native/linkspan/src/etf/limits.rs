//! How much of what comes from outside is taken.

/// How large and how deeply nested a term may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(super) depth: usize,
    pub(super) size: usize,
}

impl Limits {
    /// 128 levels of lists, tuples and maps in each other; 256 MiB.
    pub const DEFAULT: Limits = Limits { depth: 128, size: 256 << 20 };

    /// Takes at most so many levels. Each costs a few hundred bytes of stack, and a scheduler thread has little.
    #[must_use]
    pub const fn depth(self, levels: usize) -> Self {
        Limits { depth: levels, ..self }
    }

    /// Takes at most so many bytes.
    #[must_use]
    pub const fn size(self, bytes: usize) -> Self {
        Limits { size: bytes, ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::DEFAULT
    }
}
