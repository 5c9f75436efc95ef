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
            // Too long. The manual has `len` say how long; OTP 25 does not.
            1.. => room.resize(len.max(2 * room.len()), 0),
            _ => return None,
        }
    }
}

/// The value does not fit into the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Reads a variable into a buffer, which must have room for a zero at its end.
pub fn read<'a>(key: &CStr, room: &'a mut [u8]) -> Result<Option<&'a mut [u8]>, TooLong> {
    let mut len = room.len();
    // SAFETY: any thread may call; there is so much room.
    match unsafe { sys::erl_drv_getenv(key.as_ptr(), room.as_mut_ptr().cast(), &mut len) } {
        0 => Ok(room.get_mut(..len)),
        1.. => Err(TooLong),
        _ => Ok(None),
    }
}

/// Sets a variable. False if the VM refuses the name or the value.
pub fn set(key: &CStr, value: &CStr) -> bool {
    // SAFETY: any thread may call; both are copied.
    unsafe { sys::erl_drv_putenv(key.as_ptr(), value.as_ptr().cast_mut()) == 0 }
}
