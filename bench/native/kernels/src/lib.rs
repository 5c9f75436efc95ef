//! The kernels of the benchmark, the same object code as behind the C baselines: see `bench/baseline/kernels.h`.

mod sys {
    unsafe extern "C" {
        pub fn kernel_room(kernel: u32, len: usize) -> usize;
        pub fn kernel_run(kernel: u32, body: *const u8, len: usize, answer: *mut u8) -> isize;
    }
}

/// The room that an answer may need.
pub fn room(kernel: u32, len: usize) -> usize {
    // SAFETY: a function of two numbers.
    unsafe { sys::kernel_room(kernel, len) }
}

/// Writes the answer into `answer`, and returns its length; `None` for an error.
///
/// # Panics
///
/// If `answer` is shorter than [`room`] says.
pub fn run(kernel: u32, body: &[u8], answer: &mut [u8]) -> Option<usize> {
    assert!(answer.len() >= room(kernel, body.len()), "no room for the answer");
    // SAFETY: reads `len` bytes of `body`, writes at most `room` bytes to `answer`, which has them.
    let written = unsafe { sys::kernel_run(kernel, body.as_ptr(), body.len(), answer.as_mut_ptr()) };
    usize::try_from(written).ok()
}
