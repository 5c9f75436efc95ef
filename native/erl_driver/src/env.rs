//! The environment of the VM, as `os:getenv/1` and `os:putenv/2` see it, which is not that of `std::env`. Any thread.

use std::ffi::{CStr, CString};

use erl_driver_sys as sys;

/// Reads a variable; none if it is not set.
pub fn get(key: &CStr) -> Option<CString> {
    let mut room = vec![0u8; 64];
    loop {
        let mut len = room.len();
        // SAFETY: any thread may call; there is so much room.
        let status = unsafe { sys::erl_drv_getenv(key.as_ptr(), room.as_mut_ptr().cast(), &mut len) };
        match status {
            0 => return CStr::from_bytes_until_nul(&room).ok().map(CStr::to_owned),
            // Too long; `len` says how long, until somebody sets it again.
            1.. => room.resize(len.max(room.len() + 1), 0),
            _ => return None,
        }
    }
}

/// Reads a variable into a buffer, without the zero that ends it. An error says how long the buffer must be.
pub fn read<'a>(key: &CStr, room: &'a mut [u8]) -> Result<Option<&'a mut [u8]>, usize> {
    let mut len = room.len();
    // SAFETY: any thread may call; there is so much room.
    match unsafe { sys::erl_drv_getenv(key.as_ptr(), room.as_mut_ptr().cast(), &mut len) } {
        0 => Ok(room.get_mut(..len)),
        1.. => Err(len),
        _ => Ok(None),
    }
}

/// Sets a variable. False if the VM refuses the name or the value.
pub fn set(key: &CStr, value: &CStr) -> bool {
    // SAFETY: any thread may call; both are copied.
    unsafe { sys::erl_drv_putenv(key.as_ptr(), value.as_ptr().cast_mut()) == 0 }
}
