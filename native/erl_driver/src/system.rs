//! What the VM says of itself, and names of errnos.

use std::ffi::{CStr, c_char, c_int};
use std::mem::{MaybeUninit, offset_of};

use erl_driver_sys as sys;

/// What the VM says of itself. The last fields are none if an older driver API was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SystemInfo {
    /// Version of the driver API.
    pub driver_version: (i32, i32),
    /// Version of the runtime system, as `13.1.5`.
    pub erts_version: String,
    /// Release of OTP, as `25`.
    pub otp_release: String,
    /// Whether there are threads.
    pub threads: bool,
    /// Whether there may be several schedulers.
    pub smp: bool,
    /// Number of threads for [`Port::run_async`](crate::Port::run_async).
    pub async_threads: i32,
    /// Number of schedulers.
    pub schedulers: i32,
    /// Version of the NIF API.
    pub nif_version: Option<(i32, i32)>,
    /// Whether there are dirty schedulers.
    pub dirty_schedulers: Option<bool>,
}

/// How much of [`SystemInfo`] to ask for: as much as a driver API knew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InfoVersion {
    /// Driver API 1.0: through `schedulers`.
    Base,
    /// Driver API 3.0: through `nif_version`.
    Previous,
    /// All of it.
    Current,
}

/// What the VM says of itself. Any thread: the VM reads constants.
pub fn info() -> SystemInfo {
    info_of(InfoVersion::Current)
}

/// As [`info`], as an older driver would ask.
pub fn info_of(version: InfoVersion) -> SystemInfo {
    let size = match version {
        InfoVersion::Base => offset_of!(sys::ErlDrvSysInfo, nif_major_version),
        InfoVersion::Previous => offset_of!(sys::ErlDrvSysInfo, dirty_scheduler_support),
        InfoVersion::Current => size_of::<sys::ErlDrvSysInfo>(),
    };
    let mut info = MaybeUninit::<sys::ErlDrvSysInfo>::zeroed();
    // SAFETY: there is room for `size` bytes, which goes beyond `smp_support`.
    unsafe { sys::driver_system_info(info.as_mut_ptr(), size) };
    // SAFETY: zeroes are valid in every field.
    let info = unsafe { info.assume_init() };
    SystemInfo {
        driver_version: (info.driver_major_version, info.driver_minor_version),
        // SAFETY: strings of the VM, here and below.
        erts_version: unsafe { text(info.erts_version) },
        // SAFETY: as above.
        otp_release: unsafe { text(info.otp_release) },
        threads: info.thread_support != 0,
        smp: info.smp_support != 0,
        async_threads: info.async_threads,
        schedulers: info.scheduler_threads,
        nif_version: (version >= InfoVersion::Previous).then_some((info.nif_major_version, info.nif_minor_version)),
        dirty_schedulers: (version >= InfoVersion::Current).then_some(info.dirty_scheduler_support != 0),
    }
}

/// # Safety
/// `text` must be null or a string that ends with a zero.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// The name of an errno, as `enoent`. Any thread: the VM reads constants.
pub fn errno_name(errno: i32) -> &'static str {
    // SAFETY: any value is fine.
    let name = unsafe { sys::erl_errno_id(errno) };
    // SAFETY: a constant string of the VM.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap_or("unknown")
}

unsafe extern "C" {
    #[cfg_attr(target_os = "linux", link_name = "__errno_location")]
    #[cfg_attr(any(target_os = "macos", target_os = "ios", target_os = "freebsd"), link_name = "__error")]
    #[cfg_attr(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"), link_name = "__errno")]
    #[cfg_attr(any(target_os = "solaris", target_os = "illumos"), link_name = "___errno")]
    #[cfg_attr(windows, link_name = "_errno")]
    fn errno_location() -> *mut c_int;
}

/// Sets the thread's `errno`, which the VM reads after `start` has refused.
pub(crate) fn set_errno(errno: i32) {
    // SAFETY: the C library's `errno` of this thread.
    let place = unsafe { errno_location() };
    // SAFETY: as above.
    unsafe { *place = errno };
}
