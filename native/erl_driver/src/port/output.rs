//! Output to the port's owner: `{Port, {data, Data}}`.

use std::ffi::c_char;

use erl_driver_sys as sys;

use super::Port;
use crate::{Binary, Vector, VectorBuilder};

/// Output to the owner, as binaries or lists, whatever the port was opened with. Each says whether the VM took it:
/// it does not when the port is closing.
impl<Q> Port<'_, Q> {
    /// Sends bytes.
    pub fn output(&self, bytes: &[u8]) -> bool {
        // SAFETY: inside a callback of this port; the VM copies the bytes. Here and below.
        unsafe { sys::driver_output(self.raw(), chars(bytes), bytes.len()) == 0 }
    }

    /// Sends `head` and `bytes` in one: the head is always a list, the bytes its tail.
    pub fn output_headed(&self, head: &[u8], bytes: &[u8]) -> bool {
        // SAFETY: see `output`.
        unsafe { sys::driver_output2(self.raw(), chars(head), head.len(), chars(bytes), bytes.len()) == 0 }
    }

    /// As [`output_headed`](Port::output_headed), with a binary by reference.
    pub fn output_binary(&self, head: &[u8], binary: &Binary) -> bool {
        let (raw, offset, len) = binary.as_raw();
        // SAFETY: see `output`; the part lies in the binary, to which the VM adds its own reference.
        unsafe { sys::driver_output_binary(self.raw(), chars(head), head.len(), raw, offset, len) == 0 }
    }

    /// As [`output_headed`](Port::output_headed), with a vector without its first `skip` bytes: binaries in it go by
    /// reference.
    pub fn output_vector(&self, head: &[u8], vector: &Vector<'_>, skip: usize) -> bool {
        if skip > 0 {
            return self.output_vector(head, &VectorBuilder::without(vector, skip).vector(), 0);
        }
        let mut raw = vector.as_raw();
        // SAFETY: see `output`; the vector is valid while it is borrowed.
        unsafe { sys::driver_outputv(self.raw(), chars(head), head.len(), &mut raw, 0) == 0 }
    }
}

/// What the VM only reads.
fn chars(bytes: &[u8]) -> *mut c_char {
    bytes.as_ptr().cast_mut().cast()
}
