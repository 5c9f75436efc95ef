//! The installed Erlang: its header, its emulator, and a C compiler for both.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What a command prints. A command that is missing or fails ends the test with its words.
fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program)
        .args(args)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}. These tests need erl, gcc and nm (make setup)."));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?} failed:\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn erl(expression: &str) -> String {
    output("erl", &["-noshell", "-eval", &format!("io:put_chars({expression}), halt().")])
}

fn include() -> PathBuf {
    let include = PathBuf::from(erl("code:root_dir()")).join("usr/include");
    assert!(include.join("erl_driver.h").exists(), "{} has no erl_driver.h: install erlang-dev.", include.display());
    include
}

/// The text of `erl_driver.h` without comments and preprocessor lines.
pub fn header() -> String {
    let text = fs::read_to_string(include().join("erl_driver.h")).unwrap();
    let mut code = String::new();
    for (i, part) in text.split("/*").enumerate() {
        code.push_str(if i == 0 { part } else { part.split_once("*/").map_or("", |(_comment, rest)| rest) });
    }
    code.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// The object-like macros that the header defines.
pub fn macros() -> BTreeSet<String> {
    let probe = probe("macros", "");
    let all = output("gcc", &["-dM", "-E", "-I", include().to_str().unwrap(), probe.to_str().unwrap()]);
    let names = all.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' ')).map(|(name, _)| name);
    names.filter(|name| !name.contains('(')).map(str::to_owned).collect()
}

/// Writes a C program that includes the header.
fn probe(name: &str, code: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.c"));
    fs::write(&path, format!("#include <stddef.h>\n#include <stdio.h>\n#include <erl_driver.h>\n{code}")).unwrap();
    path
}

/// Compiles C code against the header; `extra` are further words for gcc.
pub fn compile(name: &str, code: &str, extra: &[&str]) -> PathBuf {
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (source, include) = (probe(name, code), include());
    let words = ["-std=gnu11", "-w", "-I", include.to_str().unwrap(), "-o", program.to_str().unwrap()];
    output("gcc", &[&words, extra, &[source.to_str().unwrap()]].concat());
    program
}

/// The value of each C expression.
pub fn evaluate(name: &str, expressions: &[String]) -> Vec<i64> {
    let prints: String = expressions.iter().map(|e| format!("printf(\"%lld\\n\", (long long)({e}));\n")).collect();
    let program = compile(name, &format!("int main(void) {{\n{prints}return 0; }}\n"), &[]);
    output(program.to_str().unwrap(), &[]).lines().map(|line| line.parse().unwrap()).collect()
}

/// The symbols that the running emulator exports.
pub fn exported() -> BTreeSet<String> {
    let emulator = erl("element(2, file:read_link(\"/proc/self/exe\"))");
    let symbols = output("nm", &["-D", "--defined-only", &emulator]);
    symbols.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect()
}
