//! What the types forbid does not compile, and the errors say why; what they allow does.

use erl_driver::{Atom, Binary, BinaryMut, DataLock, Memory, Monitor, Pid, PortId, Sibling, Terms};

#[test]
fn what_is_forbidden_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("compile_fail/*.rs");
}

#[test]
fn what_outlives_a_callback_may_go_to_any_thread() {
    fn any_thread<T: Send + Sync + 'static>() {}
    any_thread::<(Atom, Pid, PortId, Monitor)>();
    any_thread::<(Binary, BinaryMut, Memory)>();
    any_thread::<(DataLock, Sibling, Terms<'static>)>();
}
