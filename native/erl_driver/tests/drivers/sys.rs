//! What has no safe name, because `std` has it: the raw functions work as declared.
#![allow(clippy::multiple_unsafe_ops_per_block)] // the functions themselves are tried

use std::ffi::{CStr, CString, c_void};
use std::ptr;

use erl_driver::{Control, Driver, Port, Refusal, Replied, env, sys};

struct Sys {
    label: String,
}

erl_driver::driver!(Sys, "sys_drv": start, control);

impl Driver for Sys {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Sys { label: "still there".into() })
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let answer = match operation {
            1 => mutex(),
            2 => condition(),
            3 => rwlock(),
            4 => thread(),
            5 => libraries(body),
            6 => counts(),
            7 => terms(port),
            8 => now(),
            9 => entries(),
            // The VM calls `stop` before it returns from this.
            10 => {
                // SAFETY: the port is this callback's, and the VM has not freed it when `stop` has been called.
                let ended = unsafe { sys::driver_failure_atom(port.raw(), c"by_hand".as_ptr().cast_mut()) };
                self.label.push_str(" after");
                format!("{ended} {}", self.label)
            }
            _ => return reply.badarg(),
        };
        reply.bytes(answer.as_bytes())
    }
}

impl Drop for Sys {
    fn drop(&mut self) {
        env::set(c"SYS_DRV", if self.label.ends_with(" after") { c"dropped afterwards" } else { c"dropped" });
    }
}

fn text(text: *const i8) -> String {
    // SAFETY: every caller has it from the VM, which ends each name and error with a zero.
    unsafe { CStr::from_ptr(text.cast()) }.to_string_lossy().into_owned()
}

fn mutex() -> String {
    // SAFETY: made and destroyed here, unlocked by the thread that locked it; the other thread has ended by then.
    unsafe {
        let mutex = sys::erl_drv_mutex_create(c"a mutex".as_ptr().cast_mut());
        let name = text(sys::erl_drv_mutex_name(mutex).cast());
        sys::erl_drv_mutex_lock(mutex);
        sys::erl_drv_mutex_unlock(mutex);
        let tried = sys::erl_drv_mutex_trylock(mutex);
        let other = mutex.addr();
        let elsewhere = std::thread::spawn(move || sys::erl_drv_mutex_trylock(ptr::with_exposed_provenance_mut(other)));
        let _ = mutex.expose_provenance();
        let taken = elsewhere.join().is_ok_and(|status| status != 0);
        sys::erl_drv_mutex_unlock(mutex);
        sys::erl_drv_mutex_destroy(mutex);
        format!("{name} {tried} {taken}")
    }
}

fn condition() -> String {
    // SAFETY: made and destroyed here; nobody waits for it.
    unsafe {
        let condition = sys::erl_drv_cond_create(c"a condition".as_ptr().cast_mut());
        let name = text(sys::erl_drv_cond_name(condition).cast());
        sys::erl_drv_cond_signal(condition);
        sys::erl_drv_cond_broadcast(condition);
        sys::erl_drv_cond_destroy(condition);
        name
    }
}

fn rwlock() -> String {
    // SAFETY: made and destroyed here; each lock that was taken is given back before.
    unsafe {
        let lock = sys::erl_drv_rwlock_create(c"a lock".as_ptr().cast_mut());
        let name = text(sys::erl_drv_rwlock_name(lock).cast());
        let reading = sys::erl_drv_rwlock_tryrlock(lock);
        let writing = sys::erl_drv_rwlock_tryrwlock(lock);
        sys::erl_drv_rwlock_runlock(lock);
        let alone = sys::erl_drv_rwlock_tryrwlock(lock);
        sys::erl_drv_rwlock_rwunlock(lock);
        sys::erl_drv_rwlock_rlock(lock);
        sys::erl_drv_rwlock_runlock(lock);
        sys::erl_drv_rwlock_rwlock(lock);
        sys::erl_drv_rwlock_rwunlock(lock);
        sys::erl_drv_rwlock_destroy(lock);
        format!("{name} {reading} {} {alone}", writing != 0)
    }
}

unsafe extern "C" fn named(_: *mut c_void) -> *mut c_void {
    // SAFETY: the VM runs this in a thread of its own making; the key is made, emptied and destroyed here.
    unsafe {
        let me = sys::erl_drv_thread_self();
        let name = text(sys::erl_drv_thread_name(me).cast());
        let mut key = 0;
        let made = sys::erl_drv_tsd_key_create(c"a key".as_ptr().cast_mut(), &mut key);
        sys::erl_drv_tsd_set(key, me);
        let kept = sys::erl_drv_tsd_get(key) == me;
        sys::erl_drv_tsd_set(key, ptr::null_mut());
        sys::erl_drv_tsd_key_destroy(key);
        let same = sys::erl_drv_equal_tids(me, sys::erl_drv_thread_self()) != 0;
        Box::into_raw(Box::new(format!("{name} {made} {kept} {same}"))).cast()
    }
}

fn thread() -> String {
    // SAFETY: joined before anything of it is used; the result is the box that `named` has given away.
    unsafe {
        let mut thread = ptr::null_mut();
        let name = c"a thread".as_ptr().cast_mut();
        sys::erl_drv_thread_create(name, &mut thread, Some(named), ptr::null_mut(), ptr::null_mut());
        let mut result = ptr::null_mut();
        sys::erl_drv_thread_join(thread, &mut result);
        *Box::from_raw(result.cast::<String>())
    }
}

/// `path` names a library with `driver_init`; the VM adds the extension.
fn libraries(path: &[u8]) -> String {
    let path = CString::new(path).unwrap_or_default();
    // SAFETY: the texts end with a zero; the library is closed once, and its symbol not called.
    unsafe {
        let none = sys::driver_dl_open(c"/nowhere".as_ptr().cast_mut());
        let error = text(sys::driver_dl_error().cast());
        let library = sys::driver_dl_open(path.as_ptr().cast_mut());
        if library.is_null() {
            return "not opened".into();
        }
        let found = !sys::driver_dl_sym(library, c"driver_init".as_ptr().cast_mut()).is_null();
        let closed = sys::driver_dl_close(library);
        format!("{} {} {found} {closed}", none.is_null(), !error.is_empty())
    }
}

fn counts() -> String {
    // SAFETY: each count taken is given back; the binary is freed with the last one.
    unsafe {
        let binary = sys::driver_alloc_binary(3);
        let two = sys::driver_binary_inc_refc(binary);
        let one = sys::driver_binary_dec_refc(binary);
        let still = sys::driver_binary_get_refc(binary);
        sys::driver_free_binary(binary);
        format!("{two} {one} {still} {}", sys::null_func())
    }
}

fn terms(port: &Port<'_>) -> String {
    // SAFETY: the port is this callback's; the two words are one whole term.
    unsafe {
        let nil = sys::driver_mk_term_nil();
        let mut words = [sys::ERL_DRV_ATOM, sys::driver_mk_atom(c"deprecated".as_ptr().cast_mut())];
        let output = sys::driver_output_term(port.raw(), words.as_mut_ptr(), 2);
        let send = sys::driver_send_term(port.raw(), sys::driver_caller(port.raw()), words.as_mut_ptr(), 2);
        format!("{} {output} {send}", nil == sys::driver_term_nil)
    }
}

fn now() -> String {
    let mut now = sys::ErlDrvNowData { megasecs: 0, secs: 0, microsecs: 0 };
    // SAFETY: the VM fills in what is lent.
    let status = unsafe { sys::driver_get_now(&mut now) };
    format!("{status} {}", now.megasecs * 1_000_000 + now.secs)
}

/// A second driver of the same library, added and removed.
fn entries() -> String {
    // SAFETY: every field may be zero: a number, or a pointer that may be absent.
    let mut entry: sys::ErlDrvEntry = unsafe { std::mem::zeroed() };
    entry.driver_name = c"sys_drv_second".as_ptr().cast_mut();
    entry.extended_marker = sys::ERL_DRV_EXTENDED_MARKER;
    (entry.major_version, entry.minor_version) = (3, 3);
    let entry = Box::into_raw(Box::new(entry));
    // SAFETY: the entry lives until it has been removed; nothing of it is called.
    unsafe {
        sys::add_driver_entry(entry);
        let removed = sys::remove_driver_entry(entry);
        let again = sys::remove_driver_entry(entry);
        drop(Box::from_raw(entry));
        format!("{removed} {again}")
    }
}
