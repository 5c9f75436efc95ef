//! `include/linkspan.h` is what cbindgen makes of this crate. `make header` writes it.

use std::collections::HashMap;
use std::{env, fs};

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// The header as it should be now.
fn generated() -> String {
    let config = cbindgen::Config::from_file(format!("{CRATE}/cbindgen.toml")).expect("a configuration");
    let names = config.export.rename.clone();
    let builder = cbindgen::Builder::new().with_src(format!("{CRATE}/src/lib.rs")).with_config(config);
    let mut text = Vec::new();
    builder.generate().expect("C").write(&mut text);
    in_names_of_c(&String::from_utf8(text).expect("UTF-8"), &names)
}

/// The links of rustdoc, ``[`status::END`]``, as names of C.
fn in_names_of_c(text: &str, names: &HashMap<String, String>) -> String {
    let mut pieces = text.split("[`");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (link, rest) = piece.split_once("`]").expect("the end of a link");
        let name = link.rsplit("::").next().unwrap_or(link);
        text += names.get(name).map_or(name, String::as_str);
        text += rest;
    }
    text
}

#[test]
fn the_header_is_what_cbindgen_makes_of_this_crate() {
    let path = format!("{CRATE}/../../include/linkspan.h");
    let generated = generated();
    if env::var_os("HEADER").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &generated).expect("a header that can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "include/linkspan.h is out of date: make header");
}
