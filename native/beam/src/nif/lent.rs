//! Native bytes that the VM reads where they are.

use std::sync::Once;

use bytes::Bytes;
use rustler::{Env, Resource, ResourceArc};

/// Bytes behind a resource; binaries made of it keep it alive.
pub struct Lent(pub Bytes);

impl Resource for Lent {}

/// Registers the type, once.
pub fn register(env: Env<'_>) -> bool {
    static ONCE: Once = Once::new();
    let mut registered = true;
    ONCE.call_once(|| {
        registered = env.register::<Lent>().is_ok();
        if registered {
            // A resource that is never freed: the type, and with it this image, outlive every purge of the module.
            std::mem::forget(ResourceArc::new(Lent(Bytes::new())));
        }
    });
    registered
}
