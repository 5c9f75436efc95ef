//! `linkspan_program --describe LIBRARY`: what a service library has, as JSON.

use std::error::Error;
use std::ffi::OsStr;
use std::io::Write;

use linkspan::etf;
use linkspan::typed::Description;
use linkspan_engine::{Described, Libraries};
use serde_json::{Value, json};

/// Prints the description, on stdout.
pub fn print(path: &OsStr) -> Result<(), Box<dyn Error>> {
    let path = path.to_str().ok_or("the library's path is not UTF-8")?;
    let library = Libraries::default().load(path)?;
    let services: Vec<Value> = library.services().map(|service| one(&service)).collect::<Result<_, etf::Error>>()?;
    let all = json!({ "library": path, "hash": library.hash, "services": services });
    writeln!(std::io::stdout(), "{all:#}")?;
    Ok(())
}

/// A typed service with all it says; of another one the names and numbers.
fn one(service: &Described) -> Result<Value, etf::Error> {
    let Described { name, operations, description } = service;
    if description.is_empty() {
        let operations: Vec<Value> =
            operations.iter().map(|(number, name)| json!({ "number": number, "name": name })).collect();
        return Ok(json!({ "name": name, "operations": operations }));
    }
    let Description { doc, start, operations } = etf::from_slice(description)?;
    Ok(json!({ "name": name, "doc": doc, "start": start, "operations": operations }))
}
