//! Memory of the VM's driver allocator.

use std::alloc::{GlobalAlloc, Layout};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use erl_driver_sys as sys;

use crate::binary::no_memory;

/// A block of `driver_alloc`, freed when dropped, on any thread.
pub struct Memory {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the block is owned, and may be freed on any thread.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// A block of zeroes.
    pub fn zeroed(len: usize) -> Self {
        let start = allocate(len);
        // SAFETY: the block has so many bytes.
        unsafe { start.write_bytes(0, len) };
        Memory { start, len }
    }

    /// A block with a copy of the bytes.
    pub fn copy_from_slice(bytes: &[u8]) -> Self {
        let start = allocate(bytes.len());
        // SAFETY: the block is new and has room for them.
        unsafe { start.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len()) };
        Memory { start, len: bytes.len() }
    }

    /// Makes it shorter, or longer by zeroes.
    pub fn resize(&mut self, len: usize) {
        // SAFETY: a block of `driver_alloc`.
        let resized = unsafe { sys::driver_realloc(self.start.as_ptr().cast(), len.max(1)) };
        self.start = NonNull::new(resized.cast()).unwrap_or_else(|| no_memory(len));
        let old = std::mem::replace(&mut self.len, len);
        if old < len {
            // SAFETY: within the block.
            let new = unsafe { self.start.add(old) };
            // SAFETY: the block has so many bytes.
            unsafe { new.write_bytes(0, len - old) };
        }
    }

    /// Gives the block away.
    pub(crate) fn into_raw(self) -> *mut u8 {
        let start = self.start.as_ptr();
        std::mem::forget(self);
        start
    }
}

fn allocate(len: usize) -> NonNull<u8> {
    // SAFETY: callable from any thread.
    let start = unsafe { sys::driver_alloc(len.max(1)) };
    NonNull::new(start.cast()).unwrap_or_else(|| no_memory(len))
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the block has so many bytes, all of them written.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: our own block.
        unsafe { sys::driver_free(self.start.as_ptr().cast()) }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("len", &self.len).finish_non_exhaustive()
    }
}

/// The VM's driver allocator for all of Rust's memory, so that `erlang:memory/0` counts it:
///
/// ```no_run
/// #[global_allocator]
/// static ALLOCATOR: erl_driver::DriverAllocator = erl_driver::DriverAllocator;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DriverAllocator;

/// What `driver_alloc` aligns to.
const ALIGNED: usize = 8;

// SAFETY: blocks are those of `driver_alloc`, callable from any thread; stronger alignment goes to the system.
unsafe impl GlobalAlloc for DriverAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > ALIGNED {
            // SAFETY: the caller's promise.
            return unsafe { std::alloc::System.alloc(layout) };
        }
        // SAFETY: callable from any thread.
        unsafe { sys::driver_alloc(layout.size()) }.cast()
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.align() > ALIGNED {
            // SAFETY: the caller's promise.
            return unsafe { std::alloc::System.dealloc(block, layout) };
        }
        // SAFETY: the caller's promise.
        unsafe { sys::driver_free(block.cast()) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() > ALIGNED {
            // SAFETY: the caller's promise.
            return unsafe { std::alloc::System.realloc(block, layout, size) };
        }
        // SAFETY: the caller's promise.
        unsafe { sys::driver_realloc(block.cast(), size) }.cast()
    }
}
