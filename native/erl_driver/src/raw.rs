//! What a driver does wrong on purpose: for tests of the VM, and of what depends on how it refuses.

use erl_driver_sys as sys;

use crate::entry::Draft;
use crate::{Call, NotSent, Pid, PortId, Replied};

/// Gives an entry another marker than `ERL_DRV_EXTENDED_MARKER`: the VM refuses to load it.
pub fn marker(entry: impl Into<Draft>, marker: i32) -> Draft {
    let mut draft = entry.into();
    draft.raw.extended_marker = marker;
    draft
}

/// Gives an entry another version of the driver API. The VM refuses versions that it does not know.
pub fn version(entry: impl Into<Draft>, major: i32, minor: i32) -> Draft {
    let mut draft = entry.into();
    (draft.raw.major_version, draft.raw.minor_version) = (major, minor);
    draft
}

/// Makes a `driver_init` that returns NULL: `driver_init_failed`.
#[macro_export]
macro_rules! raw_no_entry {
    () => {
        /// The symbol that `erl_ddll` looks for.
        #[unsafe(no_mangle)]
        pub extern "C" fn driver_init() -> *mut $crate::sys::ErlDrvEntry {
            ::std::ptr::null_mut()
        }
    };
}

/// Sends a term specification, word by word as the driver API has it, to a process.
///
/// # Safety
/// Pointers in it must be what their tags say, for as long as this runs. What else is wrong with it the VM finds.
pub unsafe fn send_spec(port: PortId, to: Pid, words: &mut [usize]) -> Result<(), NotSent> {
    // SAFETY: the caller's promise; any thread may call.
    let sent = unsafe { sys::erl_drv_send_term(port.0, to.0, words.as_mut_ptr(), words.len() as i32) };
    if sent > 0 { Ok(()) } else { Err(NotSent::of(sent)) }
}

/// Sends a term specification to the port's owner.
///
/// # Safety
/// As of [`send_spec`].
pub unsafe fn output_spec(port: PortId, words: &mut [usize]) -> Result<(), NotSent> {
    // SAFETY: the caller's promise; any thread may call.
    let sent = unsafe { sys::erl_drv_output_term(port.0, words.as_mut_ptr(), words.len() as i32) };
    if sent > 0 { Ok(()) } else { Err(NotSent::of(sent)) }
}

/// Answers a `call` with its own term, without copying: `DRIVER_CALL_KEEP_BUFFER`.
///
/// # Safety
/// The VM must be known to keep the buffer until it has read the answer. OTP 25 does not if it takes the term to need
/// more than 256 bytes and runs the call at once: it frees the buffer first.
pub unsafe fn keep_buffer(call: Call<'_>) -> Replied<'_> {
    call.keep_buffer()
}
