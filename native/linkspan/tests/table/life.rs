//! The table itself, and the life of an instance: start, stop, drop.

use linkspan::ffi::abi;

use crate::host::{Host, Instance, service, text};
use crate::probe;

#[test]
fn the_table_vouches_for_itself_and_lists_its_services_in_order() {
    // SAFETY: the table of this program is constant and lives for ever.
    let table = unsafe { &*probe::linkspan_library() };
    assert_eq!((table.magic, table.version), (abi::MAGIC, abi::VERSION));
    // SAFETY: as above.
    let services = unsafe { std::slice::from_raw_parts(table.services, table.service_count as usize) };
    let names: Vec<&str> = services.iter().map(|service| text(service.name)).collect();
    assert_eq!(names, ["probe", "bare", "caster", "bound"]);
}

#[test]
fn the_operations_are_those_that_were_declared() {
    let service = service("bare");
    // SAFETY: the table of this program is constant and lives for ever.
    let operations = unsafe { std::slice::from_raw_parts(service.operations, service.operation_count) };
    let operations: Vec<_> = operations.iter().map(|operation| (operation.number, text(operation.name))).collect();
    assert_eq!(operations, [(1, "emit"), (1 << 20, "fail")]);
}

#[test]
fn a_service_says_where_it_runs_and_whether_it_may_have_lanes() {
    assert_eq!(service("bare").flags, 0, "the default");
    assert_eq!(service("bound").flags, abi::flag::DEDICATED | abi::flag::INDEPENDENT);
}

#[test]
fn costs_are_asked_without_an_instance() {
    Host::new();
    let cost = |name: &str, operation, len| {
        // SAFETY: may be called at any time.
        unsafe { (service(name).cost)(operation, len) }
    };
    assert_eq!(cost("probe", probe::COPY, 64), abi::cost::SHORT);
    assert_eq!(cost("probe", probe::COPY, 65), abi::cost::LONG);
    assert_eq!(cost("probe", probe::EMPTY, 0), abi::cost::LEARN);
    assert_eq!(cost("bare", 1, 0), abi::cost::LEARN, "the default");
    assert_eq!(cost("probe", probe::PANIC, 0), abi::cost::LEARN, "a panic is no estimate");
    // It went on into the host, which it ended.
    assert_eq!(cost("probe", probe::PANIC_AGAIN, 0), abi::cost::LEARN, "nor one that panics again");
}

#[test]
fn an_instance_is_stopped_once_and_then_dropped() {
    let host = Host::new();
    Instance::start("probe", "", host).unwrap().stop(false);
    assert_eq!(host.events(), ["stopped", "dropped"]);
}

#[test]
fn after_a_panic_an_instance_is_dropped_and_not_stopped() {
    let host = Host::new();
    let mut instance = Instance::start("probe", "", host).unwrap();
    assert_eq!(instance.call(probe::PANIC, "ouch", 64).status, abi::status::PANICKED);
    assert_eq!(host.events(), [""; 0], "the panic leaves the state to the host");
    instance.stop(true);
    assert_eq!(host.events(), ["dropped"]);
}

#[test]
fn a_panic_while_stopping_stays_inside() {
    let host = Host::new();
    Instance::start("probe", "panic on stop", host).unwrap().stop(false);
    assert_eq!(host.events(), ["stopped", "dropped"]);
}

#[test]
fn a_service_may_refuse_to_start() {
    let answer = Instance::start("probe", "fail", Host::new()).err().expect("no instance");
    assert_eq!((answer.status, answer.code, answer.buffer.as_str()), (abi::status::FAILED, 7, "no start"));
}

#[test]
fn a_panic_while_starting_is_the_answer() {
    let answer = Instance::start("probe", "panic", Host::new()).err().expect("no instance");
    assert_eq!(answer.status, abi::status::PANICKED);
    assert!(answer.buffer.starts_with("no start at "), "{answer:?}");
}
