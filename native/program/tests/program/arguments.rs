//! `linkspan_program SERVICE [ARGUMENT]`: a service of the folder `native` beside the executable.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use tempfile::TempDir;

use crate::process::{Frame, Process, call, echo_library, executable, operation, reply, status};

/// A folder with the program and `native/echo.so`. Links: a fresh copy of an executable may still be open for
/// writing in a child that another test has just forked.
fn installed() -> TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    fs::create_dir(folder.path().join("native")).unwrap();
    fs::hard_link(executable(), folder.path().join("linkspan_program")).unwrap();
    fs::hard_link(echo_library(), folder.path().join("native/echo.so")).unwrap();
    folder
}

fn spawn<A: AsRef<OsStr>>(folder: &TempDir, arguments: &[A]) -> Process {
    Process::spawn(&folder.path().join("linkspan_program"), arguments)
}

#[test]
fn a_service_is_started_by_its_name() {
    let folder = installed();
    let mut process = spawn(&folder, &["echo"]);
    process.send(&call("a", operation::ARGUMENT, ""));
    assert_eq!(process.next(), reply("a", status::OK, ""));
}

#[test]
fn the_argument_arrives_byte_for_byte() {
    let folder = installed();
    let argument = b"an argument, \xff\xfe, not UTF-8";
    let mut process = spawn(&folder, &[OsStr::new("echo"), OsStr::from_bytes(argument)]);
    process.send(&call("a", operation::ARGUMENT, ""));
    assert_eq!(process.next(), reply("a", status::OK, argument));
}

#[test]
fn bounds_stand_in_front_and_hold() {
    let folder = installed();
    let mut process = spawn(&folder, &["--files", "32", "--cpu", "100", "echo", "--files"]);
    process.send(&call("a", operation::ARGUMENT, ""));
    assert_eq!(process.next(), reply("a", status::OK, "--files"));
    let limits = fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    let of = |name: &str| limits.lines().find(|line| line.starts_with(name)).unwrap().split_whitespace().nth(3);
    assert_eq!((of("Max open files"), of("Max cpu time")), (Some("32"), Some("100")));
}

#[test]
fn a_service_that_is_not_there_ends_the_program_with_the_path() {
    let folder = installed();
    let process = spawn(&folder, &["absent"]);
    match process.rest().as_slice() {
        [Frame::Ended { status: status::MISSING, body }] => {
            let path = folder.path().join("native/absent.so").into_os_string().into_encoded_bytes();
            assert_eq!(body[..4], (path.len() as u32).to_be_bytes());
            assert_eq!(body[4..4 + path.len()], path);
        }
        other => panic!("{other:?}"),
    }
    let (exit, printed) = process.end();
    assert_eq!((exit.code(), printed.as_str()), (Some(1), ""));
}

#[test]
fn a_service_that_refuses_to_start_ends_the_program() {
    let folder = installed();
    let ended = Frame::Ended { status: status::FAILED, body: b"\0\0\0\x07told to fail".to_vec() };
    assert_eq!(spawn(&folder, &["echo", "fail"]).rest(), [ended]);
}

#[test]
fn a_service_that_panics_while_it_starts_ends_the_program() {
    let folder = installed();
    match spawn(&folder, &["echo", "panic"]).rest().as_slice() {
        [Frame::Ended { status: status::PANICKED, body }] => assert!(body.starts_with(b"told to panic at ")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_library_is_described_as_json() {
    let described = |library: &std::path::Path| {
        let output = std::process::Command::new(executable()).arg("--describe").arg(library).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let sum = described(&echo_library().with_file_name("liblinkspan_sum.so"));
    let add = &sum["services"][0]["operations"][0];
    assert_eq!((add["name"].as_str(), add["cost"].as_str()), (Some("add"), Some("short")));
    assert_eq!(add["arguments"], serde_json::json!([{ "name": "by", "type": "integer" }]));
    assert_eq!(sum["services"][0]["start"][0]["name"], "total");

    let echo = described(&echo_library());
    assert_eq!(echo["services"][0]["operations"][0], serde_json::json!({ "number": 1, "name": "echo" }));
    assert_eq!(echo["hash"].as_str().map(str::len), Some(64));
}

#[test]
fn what_is_no_library_is_not_described() {
    let output = std::process::Command::new(executable()).args(["--describe", "/no/such.so"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/no/such.so"), "{output:?}");
}
