//! What `erl_driver_sys` declares, read from its own source, so that a test can tell what it forgot.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The source without comments.
pub fn code() -> String {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let text = files.concat();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

fn collect(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, files),
            false => files.push(fs::read_to_string(&path).unwrap()),
        }
    }
}

/// The names that follow a keyword, such as `pub const `.
pub fn names(keyword: &str) -> BTreeSet<String> {
    let code = code();
    let starts = code.match_indices(keyword).map(|(at, _)| &code[at + keyword.len()..]);
    starts.map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned()).collect()
}

/// The fields of each struct that is not opaque: `Struct.field`.
pub fn fields() -> BTreeSet<String> {
    let code = code();
    let mut fields = BTreeSet::new();
    for (at, _) in code.match_indices("pub struct ") {
        let (name, rest) = code[at + "pub struct ".len()..].split_once(" {").unwrap();
        let body = rest.split_once("\n}").unwrap().0;
        let public = body.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(':'));
        fields.extend(public.map(|(field, _type)| format!("{name}.{field}")));
    }
    fields
}

/// A foreign function as declared in Rust.
pub struct Function {
    /// Its name.
    pub name: String,
    /// The types of its parameters.
    pub parameters: Vec<String>,
    /// What it returns; empty for nothing.
    pub returns: String,
}

/// The functions in `extern "C"` blocks.
pub fn functions() -> Vec<Function> {
    let code = code();
    let mut functions = Vec::new();
    for (at, _) in code.match_indices("pub fn ") {
        let declaration = code[at + "pub fn ".len()..].split_once(';').unwrap().0;
        let declaration = declaration.split_whitespace().collect::<Vec<_>>().join(" ");
        let (name, rest) = declaration.split_once('(').unwrap();
        let end = closing(rest);
        let parameters = split_types(&rest[..end]);
        let returns = rest[end + 1..].trim().trim_start_matches("->").trim();
        functions.push(Function { name: name.into(), parameters, returns: returns.into() });
    }
    functions
}

/// Where the parenthesis closes that was open before `text`.
fn closing(text: &str) -> usize {
    let mut depth = 1;
    text.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    })
    .expect("a closing parenthesis")
}

/// `a: A, b: fn(B, C)` as `A`, `fn(B, C)`.
pub fn split_types(list: &str) -> Vec<String> {
    let mut depth = 0;
    let parts = list.split(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    let types = parts.map(str::trim).filter(|part| !part.is_empty());
    types.map(|part| part.split_once(": ").map_or(part, |(_name, kind)| kind).to_owned()).collect()
}
