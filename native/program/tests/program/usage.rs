//! What the program says when it is not started as it should be.

use std::process::{Command, Output};

use crate::process::{Process, executable};

/// Runs the program in a shell line that arranges its descriptors.
fn run(redirections: &str, arguments: &[&str]) -> Output {
    let script = format!(r#"exec "$0" "$@" </dev/null {redirections}"#);
    Command::new("sh").args(["-c", &script]).arg(executable()).args(arguments).output().unwrap()
}

/// The one line that names the error; the usage follows it.
fn error(printed: &str) -> &str {
    let (error, usage) = printed.split_once('\n').expect("two lines");
    assert!(usage.starts_with("linkspan_program is started by the Erlang VM: ") && usage.contains("nouse_stdio"));
    assert_eq!(usage.lines().count(), 1);
    error.strip_prefix("linkspan_program: ").expect("its name in front")
}

fn refused(redirections: &str, arguments: &[&str]) -> String {
    let output = run(redirections, arguments);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
    error(&String::from_utf8(output.stderr).unwrap()).to_string()
}

#[test]
fn without_its_descriptors_it_says_which_is_missing() {
    assert!(refused("3<&- 4>&-", &[]).contains("descriptor 3"));
    assert!(refused("3<&- 4>/dev/null", &[]).contains("descriptor 3"));
    assert!(refused("3</dev/null 4>&-", &[]).contains("descriptor 4"));
    assert!(refused("3<&- 4>&-", &["echo"]).contains("descriptor 3"));
}

#[test]
fn too_many_arguments_are_counted() {
    assert_eq!(refused("3<&- 4>&-", &["echo", "argument", "another"]), "3 arguments are too many");
}

#[test]
fn a_bound_wants_a_number() {
    assert_eq!(refused("3<&- 4>&-", &["--memory"]), "--memory wants a number behind it");
    assert_eq!(refused("3<&- 4>&-", &["--cpu", "1", "--files", "many"]), "--files wants a number behind it");
    assert_eq!(refused("3<&- 4>&-", &["--processes", "-1", "echo"]), "--processes wants a number behind it");
}

#[test]
fn a_path_is_not_the_name_of_a_service() {
    for name in ["../echo", "/echo", "a/b"] {
        let process = Process::spawn(&executable(), &[name]);
        assert_eq!(process.rest(), []);
        let (exit, printed) = process.end();
        assert_eq!(exit.code(), Some(2));
        assert_eq!(error(&printed), format!("{name} is a path, not the name of a service"));
    }
}
