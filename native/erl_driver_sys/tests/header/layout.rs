//! Sizes, alignments, offsets and constants, computed by gcc from the header and by rustc from this crate.

use std::collections::BTreeSet;
use std::mem::{align_of, offset_of, size_of};

use erl_driver_sys as sys;

use crate::{installed, source};

/// C expressions, and what they are in Rust.
#[derive(Default)]
struct Both(Vec<(String, i64)>);

impl Both {
    fn add(&mut self, expression: String, value: i64) {
        self.0.push((expression, value));
    }

    fn compare(self, name: &str) {
        let (expressions, here): (Vec<_>, Vec<_>) = self.0.into_iter().unzip();
        let there = installed::evaluate(name, &expressions);
        assert_eq!(there.len(), expressions.len());
        let differ = expressions.iter().zip(here.iter().zip(&there)).filter(|(_, (here, there))| here != there);
        let differ: Vec<_> = differ.map(|(e, (here, there))| format!("{e}: {here}, in C {there}")).collect();
        assert!(differ.is_empty(), "{}", differ.join("\n"));
    }
}

fn size_of_field<T, F>(_: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

macro_rules! sizes {
    ($both:ident: $($name:ident),* $(,)?) => {$(
        $both.add(format!("sizeof({})", stringify!($name)), size_of::<sys::$name>() as i64);
        $both.add(format!("_Alignof({})", stringify!($name)), align_of::<sys::$name>() as i64);
    )*};
}

macro_rules! fields {
    ($both:ident, $seen:ident: $($name:ident { $($field:ident),* $(,)? })*) => {$($(
        $seen.insert(format!("{}.{}", stringify!($name), stringify!($field)));
        let (name, field) = (stringify!($name), stringify!($field));
        $both.add(format!("offsetof({name}, {field})"), offset_of!(sys::$name, $field) as i64);
        $both.add(
            format!("sizeof((({name} *)0)->{field})"),
            size_of_field(|value: &sys::$name| &value.$field) as i64,
        );
    )*)*};
}

macro_rules! constants {
    ($both:ident, $seen:ident: $($name:ident),* $(,)?) => {$(
        $seen.insert(stringify!($name).to_owned());
        // The header writes some values of an `int` as unsigned ones.
        let int = if size_of_val(&sys::$name) == size_of::<i32>() { "(int)" } else { "" };
        $both.add(format!("{int}{}", stringify!($name)), sys::$name as i64);
    )*};
}

#[test]
fn types_have_the_size_and_alignment_of_the_header() {
    let mut both = Both::default();
    sizes!(both:
        ErlDrvUInt64, ErlDrvSInt64, ErlDrvUInt, ErlDrvSInt, ErlDrvTermData, ErlDrvSizeT, ErlDrvSSizeT, ErlDrvData, ErlDrvEvent,
        ErlDrvPort, ErlDrvThreadData, ErlDrvTime, ErlDrvTimeUnit, ErlDrvTid, ErlDrvTSDKey, ErlDrvPDL,
        ErlDrvSysInfo, ErlDrvThreadOpts, ErlDrvMonitor, SysIOVec, ErlDrvNowData, ErlIOVec, ErlDrvEntry,
    );
    both.compare("sizes");
}

#[test]
fn fields_lie_where_the_header_has_them() {
    let (mut both, mut seen) = (Both::default(), BTreeSet::new());
    fields!(both, seen:
        ErlDrvSysInfo {
            driver_major_version, driver_minor_version, erts_version, otp_release, thread_support, smp_support, async_threads,
            scheduler_threads, nif_major_version, nif_minor_version, dirty_scheduler_support,
        }
        ErlDrvThreadOpts { suggested_stack_size }
        ErlDrvMonitor { data }
        SysIOVec { iov_base, iov_len }
        ErlDrvNowData { megasecs, secs, microsecs }
        ErlIOVec { vsize, size, iov, binv }
        ErlDrvEntry {
            init, start, stop, output, ready_input, ready_output, driver_name, finish, handle, control, timeout, outputv,
            ready_async, flush, call, unused_event_callback, extended_marker, major_version, minor_version, driver_flags,
            handle2, process_exit, stop_select, emergency_close,
        }
    );
    // The bytes go on behind the C struct, which declares one of them.
    seen.extend(["ErlDrvBinary.orig_size".to_owned(), "ErlDrvBinary.orig_bytes".to_owned()]);
    both.add("offsetof(ErlDrvBinary, orig_size)".into(), offset_of!(sys::ErlDrvBinary, orig_size) as i64);
    both.add("offsetof(ErlDrvBinary, orig_bytes)".into(), offset_of!(sys::ErlDrvBinary, orig_bytes) as i64);
    assert_eq!(source::fields(), seen, "the crate's fields, and those compared here");
    both.compare("fields");
}

#[test]
fn constants_have_the_values_of_the_header() {
    let (mut both, mut seen) = (Both::default(), BTreeSet::new());
    constants!(both, seen:
        ERL_DRV_READ, ERL_DRV_WRITE, ERL_DRV_USE, ERL_DRV_USE_NO_CALLBACK, DO_READ, DO_WRITE,
        ERL_DRV_EXTENDED_MARKER, ERL_DRV_EXTENDED_MAJOR_VERSION, ERL_DRV_EXTENDED_MINOR_VERSION,
        ERL_DRV_MIN_REQUIRED_MAJOR_VERSION_ON_LOAD,
        PORT_CONTROL_FLAG_BINARY, PORT_CONTROL_FLAG_HEAVY, PORT_FLAG_BINARY, PORT_FLAG_LINE,
        ERL_DRV_FLAG_USE_PORT_LOCKING, ERL_DRV_FLAG_SOFT_BUSY, ERL_DRV_FLAG_NO_BUSY_MSGQ, ERL_DRV_FLAG_USE_INIT_ACK,
        ERL_DRV_TIME_ERROR, ERL_DRV_SEC, ERL_DRV_MSEC, ERL_DRV_USEC, ERL_DRV_NSEC,
        ERL_DRV_ERROR_GENERAL, ERL_DRV_ERROR_ERRNO, ERL_DRV_ERROR_BADARG,
        ERL_DRV_BUSY_MSGQ_DISABLED, ERL_DRV_BUSY_MSGQ_READ_ONLY, ERL_DRV_BUSY_MSGQ_LIM_MAX, ERL_DRV_BUSY_MSGQ_LIM_MIN,
        DRIVER_CALL_KEEP_BUFFER,
        ERL_DRV_NIL, ERL_DRV_ATOM, ERL_DRV_INT, ERL_DRV_PORT, ERL_DRV_BINARY, ERL_DRV_STRING, ERL_DRV_TUPLE, ERL_DRV_LIST,
        ERL_DRV_STRING_CONS, ERL_DRV_PID, ERL_DRV_FLOAT, ERL_DRV_EXT2TERM, ERL_DRV_UINT, ERL_DRV_BUF2BINARY, ERL_DRV_INT64,
        ERL_DRV_UINT64, ERL_DRV_MAP,
    );
    assert_eq!(source::names("pub const "), seen, "the crate's constants, and those compared here");
    both.compare("constants");
}

#[test]
fn each_constant_of_the_header_is_declared() {
    let prefixes = ["ERL_DRV_", "PORT_CONTROL_FLAG_", "PORT_FLAG_", "DRIVER_CALL_"];
    let of_drivers = |name: &String| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let mut there: BTreeSet<_> = installed::macros().into_iter().filter(of_drivers).collect();
    assert!(there.remove("ERL_DRV_DEPRECATED_FUNC"), "an attribute, and a sign that macros are found: {there:?}");
    there.extend(["ERL_DRV_SEC", "ERL_DRV_MSEC", "ERL_DRV_USEC", "ERL_DRV_NSEC"].map(str::to_owned));
    let missing: Vec<_> = there.difference(&source::names("pub const ")).cloned().collect();
    assert!(missing.is_empty(), "the header has constants that erl_driver_sys has not: {missing:?}");
}
