//! Functions: none is missing, each has the header's signature, and the emulator has them all.

use std::collections::BTreeSet;

use crate::{installed, source};

/// The functions that the header declares: the word before the first parenthesis of each `EXTERN`.
fn declared() -> BTreeSet<String> {
    let header = installed::header();
    let declarations = header.split("EXTERN ").skip(1).filter_map(|rest| rest.split_once('('));
    let last_word =
        |text: &str| text.trim_end().rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned();
    declarations.map(|(before, _)| last_word(before)).collect()
}

fn here() -> BTreeSet<String> {
    source::functions().into_iter().map(|function| function.name).collect()
}

#[test]
fn each_function_of_the_header_is_declared() {
    assert!(declared().len() >= 111, "the header has at least 111 functions; found {:?}", declared());
    let missing: Vec<_> = declared().difference(&here()).cloned().collect();
    assert!(missing.is_empty(), "the header has functions that erl_driver_sys has not: {missing:?}");
}

#[test]
fn each_function_and_variable_is_exported_by_the_emulator() {
    let exported = installed::exported();
    let all: BTreeSet<_> = here().union(&source::names("pub static ")).cloned().collect();
    let missing: Vec<_> = all.difference(&exported).collect();
    assert!(missing.is_empty(), "the emulator does not export {missing:?}");
}

/// gcc compares the types: a declaration of the same name with another signature does not compile.
#[test]
fn each_function_has_the_signature_of_the_header() {
    let functions = source::functions();
    let again: String = functions.iter().map(|function| format!("extern {};\n", in_c(function))).collect();
    assert!(again.contains("int driver_set_timer(ErlDrvPort, unsigned long);"), "{again}");
    installed::compile("signatures", &again, &["-c"]);
}

fn in_c(function: &source::Function) -> String {
    let parameters: Vec<_> = function.parameters.iter().map(|kind| type_in_c(kind, "")).collect();
    let parameters = if parameters.is_empty() { "void".into() } else { parameters.join(", ") };
    type_in_c(&function.returns, &format!("{}({parameters})", function.name))
}

/// A Rust type around a C declarator.
fn type_in_c(kind: &str, declarator: &str) -> String {
    if let Some(to) = kind.strip_prefix("*mut ") {
        return type_in_c(to, &format!("*{declarator}"));
    }
    if let Some(to) = kind.strip_prefix("*const ") {
        return type_in_c(&format!("const {to}"), &format!("*{declarator}"));
    }
    if let Some(function) = kind.strip_prefix("Option<unsafe extern \"C\" fn(") {
        let (parameters, returns) = function.trim_end_matches('>').rsplit_once(')').unwrap();
        let parameters: Vec<_> = source::split_types(parameters).iter().map(|kind| type_in_c(kind, "")).collect();
        let returns = returns.trim().trim_start_matches("->").trim();
        return type_in_c(returns, &format!("(*{declarator})({})", parameters.join(", ")));
    }
    let (constant, plain) = kind.strip_prefix("const ").map_or(("", kind), |plain| ("const ", plain));
    let name = match plain {
        "" | "!" | "c_void" => "void",
        "c_char" => "char",
        "c_int" => "int",
        "c_uint" => "unsigned int",
        "c_long" => "long",
        "c_ulong" => "unsigned long",
        "usize" => "size_t",
        other => other,
    };
    format!("{constant}{name} {declarator}").trim_end().to_owned()
}
