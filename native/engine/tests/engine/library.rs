//! Libraries: what cannot be loaded and why, what is loaded once, and what happens to files that change.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;

use bytes::{Buf, Bytes};
use linkspan_abi::VERSION;
use linkspan_engine::{Libraries, LibraryError, Options, Outcome};
use tempfile::{TempDir, tempdir};

use crate::asked::{Asked, ok};
use crate::echo::{Echo, echo_library, load, operation, start};
use crate::memory_host::engine;

/// A path in a folder.
fn in_folder(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).into_os_string().into_string().unwrap()
}

/// Compiles a fixture to a shared library.
fn compiled(folder: &TempDir, name: &str) -> String {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (headers, source) = (project.join("include"), project.join(format!("test/fixtures/{name}.c")));
    let library = in_folder(folder, &format!("{name}.so"));
    let status = Command::new("cc").args(["-shared", "-fPIC", "-o", &library, "-I"]).arg(headers).arg(source).status();
    assert!(status.expect("a C compiler").success());
    library
}

/// Why a file is not a library; the words may not name the engine's own copy of it.
fn why_not_a_library(path: &str) -> String {
    match Libraries::default().load(path) {
        Err(error @ LibraryError::NotALibrary { .. }) => {
            assert!(error.to_string().starts_with(path), "{error}");
            assert!(!error.to_string().contains("linkspan-"), "{error}");
            let LibraryError::NotALibrary { path: named, why } = error else { unreachable!() };
            assert_eq!(named, path);
            why
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_name_in_a_table_is_bounded() {
    let folder = tempdir().unwrap();
    assert_eq!(
        why_not_a_library(&compiled(&folder, "wrong_name")),
        "a name in its table is not UTF-8 of 1 to 255 bytes"
    );
}

#[test]
fn a_missing_file_is_named() {
    let path = in_folder(&tempdir().unwrap(), "absent.so");
    match Libraries::default().load(&path) {
        Err(LibraryError::Missing { path: named, why }) => {
            assert_eq!(named, path);
            assert!(why.contains("No such file"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_folder_is_no_readable_file() {
    let folder = tempdir().unwrap();
    let path = in_folder(&folder, "");
    assert!(
        matches!(Libraries::default().load(&path), Err(LibraryError::Missing { path: named, .. }) if named == path)
    );
}

#[test]
fn an_empty_file_is_no_library() {
    let folder = tempdir().unwrap();
    let path = in_folder(&folder, "empty.so");
    fs::write(&path, "").unwrap();
    assert!(why_not_a_library(&path).contains("empty"));
}

#[test]
fn a_text_file_is_no_library() {
    let folder = tempdir().unwrap();
    let path = in_folder(&folder, "text.so");
    fs::write(&path, "Lorem ipsum dolor sit amet, consectetur adipisici elit. ".repeat(100)).unwrap();
    assert!(why_not_a_library(&path).contains("its copy in"));
}

#[test]
fn a_library_without_the_symbol_is_no_service_library() {
    let folder = tempdir().unwrap();
    assert!(why_not_a_library(&compiled(&folder, "no_symbol")).contains("linkspan_library"));
}

#[test]
fn a_table_with_another_magic_is_no_service_library() {
    let folder = tempdir().unwrap();
    assert!(why_not_a_library(&compiled(&folder, "wrong_magic")).contains("magic"));
}

#[test]
fn a_service_without_one_of_its_functions_is_refused() {
    let folder = tempdir().unwrap();
    assert!(why_not_a_library(&compiled(&folder, "no_call")).contains("no function call"));
}

#[test]
fn another_abi_version_is_refused_with_both_versions() {
    let folder = tempdir().unwrap();
    let path = compiled(&folder, "wrong_version");
    let error = Libraries::default().load(&path).unwrap_err();
    assert_eq!(error, LibraryError::WrongAbi { path: path.clone(), found: 4711, expected: VERSION });
    for part in [&path, "4711", &VERSION.to_string()] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn an_unknown_service_is_refused_with_the_known_ones() {
    let (echo, _) = Echo::blank(&engine(1));
    let path = echo_library();
    let job = linkspan_engine::Job::Load { path: path.clone(), service: "ekko".into() };
    let expected = LibraryError::UnknownService { path, service: "ekko".into(), known: "echo, bound, faulty".into() };
    assert_eq!(echo.submit(Asked::new(job)).only_answer(), Outcome::Library(expected));
    // The instance is as blank as before.
    assert!(matches!(echo.submit(Asked::new(load())).only_answer(), Outcome::Ok(_)));
}

#[test]
fn each_library_error_has_its_status_and_its_fields() {
    let path = || "/a/b.so".to_string();
    let errors = [
        (LibraryError::Missing { path: path(), why: "gone".into() }, 10, vec!["/a/b.so", "gone"]),
        (LibraryError::NotALibrary { path: path(), why: "text".into() }, 11, vec!["/a/b.so", "text"]),
        (LibraryError::WrongAbi { path: path(), found: 7, expected: 1 }, 12, vec!["/a/b.so", "7", "1"]),
        (
            LibraryError::UnknownService { path: path(), service: "x".into(), known: "y, z".into() },
            13,
            vec!["/a/b.so", "x", "y, z"],
        ),
    ];
    for (error, status, expected) in errors {
        let outcome = Outcome::Library(error);
        assert_eq!(outcome.status(), status);
        let (mut body, mut fields) = (outcome.into_body(), Vec::new());
        while body.has_remaining() {
            let len = body.get_u32() as usize;
            fields.push(String::from_utf8(body.split_to(len).to_vec()).unwrap());
        }
        assert_eq!(fields, expected);
    }
}

#[test]
fn the_same_content_under_two_paths_is_loaded_once() {
    let folder = tempdir().unwrap();
    let copy = in_folder(&folder, "other_name.so");
    fs::copy(echo_library(), &copy).unwrap();
    let libraries = Libraries::default();
    let first = libraries.load(&echo_library()).unwrap();
    let second = libraries.load(&copy).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(first.hash.len(), 64);
}

#[test]
fn threads_that_load_at_the_same_time_get_the_same_library() {
    let libraries = Libraries::default();
    let barrier = Barrier::new(4);
    thread::scope(|scope| {
        let load = || {
            barrier.wait();
            libraries.load(&echo_library()).unwrap()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(load)).collect();
        let loaded: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(loaded.iter().all(|library| Arc::ptr_eq(library, &loaded[0])));
    });
}

/// Loads and starts a library in an instance of its own; gives the description as well.
fn started(path: &str) -> (Echo, Bytes) {
    let (echo, _) = Echo::blank(&engine(1));
    let job = linkspan_engine::Job::Load { path: path.into(), service: "echo".into() };
    let Outcome::Ok(description) = echo.submit(Asked::new(job)).only_answer() else { panic!("not loaded") };
    assert_eq!(echo.submit(Asked::new(start("", Options::DEFAULT))).only_answer(), ok(""));
    (echo, description)
}

fn works(echo: &Echo) {
    let body = "longer than what is answered without an allocation, so that the library allocates and frees";
    assert_eq!(echo.ask(operation::ECHO_LONG, body).only_answer(), ok(body));
    assert_eq!(echo.ask(operation::FAIL, "x").only_answer().status(), 2);
}

#[test]
fn overwriting_the_file_harms_no_running_instance_and_new_ones_take_the_new_content() {
    let folder = tempdir().unwrap();
    let path = in_folder(&folder, "echo.so");
    fs::copy(echo_library(), &path).unwrap();
    let (old, old_description) = started(&path);
    // In place, as a careless copy does it: the same file, longer.
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"another build").unwrap();
    let (new, new_description) = started(&path);
    assert_ne!(old_description, new_description, "the descriptions name the content");
    fs::write(&path, "no library any more").unwrap();
    assert!(matches!(Libraries::default().load(&path), Err(LibraryError::NotALibrary { .. })));
    works(&old);
    works(&new);
}

#[test]
fn a_file_that_went_away_harms_no_running_instance() {
    let folder = tempdir().unwrap();
    let path = in_folder(&folder, "echo.so");
    fs::copy(echo_library(), &path).unwrap();
    let (echo, _) = started(&path);
    fs::remove_file(&path).unwrap();
    works(&echo);
}

#[test]
fn a_file_cut_off_anywhere_is_no_library() {
    let folder = tempdir().unwrap();
    let path = in_folder(&folder, "cut.so");
    let whole = fs::read(echo_library()).unwrap();
    let cuts = (0..16).map(|part| whole.len() * part / 16).chain([1, 63, 64, 4096, whole.len() - 1]);
    for len in cuts {
        fs::write(&path, &whole[..len]).unwrap();
        assert!(!why_not_a_library(&path).is_empty(), "{len} bytes");
    }
    fs::write(&path, &whole).unwrap();
    Libraries::default().load(&path).unwrap();
}

#[test]
fn a_file_of_the_same_length_in_the_same_place_is_another_library() {
    let folder = tempdir().unwrap();
    let path = in_folder(&folder, "echo.so");
    let mut content = fs::read(echo_library()).unwrap();
    content.push(0);
    let libraries = Libraries::default();
    let hashes: HashSet<_> = (0..5)
        .map(|build| {
            // Within one tick of the file system's clock, and in the same place.
            *content.last_mut().unwrap() = build;
            fs::write(&path, &content).unwrap();
            libraries.load(&path).unwrap().hash.clone()
        })
        .collect();
    assert_eq!(hashes.len(), 5);
}

#[test]
fn a_file_that_took_the_place_of_another_is_read_again_though_length_and_modification_time_are_equal() {
    let folder = tempdir().unwrap();
    let (path, text) = (in_folder(&folder, "echo.so"), in_folder(&folder, "text"));
    std::os::unix::fs::symlink(echo_library(), &path).unwrap();
    let libraries = Libraries::default();
    libraries.load(&path).unwrap();
    let metadata = fs::metadata(&path).unwrap();
    fs::write(&text, vec![b'x'; metadata.len() as usize]).unwrap();
    File::options().write(true).open(&text).unwrap().set_modified(metadata.modified().unwrap()).unwrap();
    fs::rename(&text, &path).unwrap();
    assert!(matches!(libraries.load(&path), Err(LibraryError::NotALibrary { .. })));
}
