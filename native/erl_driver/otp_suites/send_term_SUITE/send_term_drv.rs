//! send_term_drv: sends terms of every kind, and specifications that the VM must refuse without leaving anything behind:
//! those that `Terms` allows. Wrong tags, cut specifications and parts outside of their binary cannot be written with it.
#![forbid(unsafe_code)]

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use erl_driver::{Binary, Driver, Locking, NotSent, Port, Refusal, Terms, env};

const ERRORS: u8 = 127;

/// A pid whose node has the tag of a pid where that of an atom should be.
const BAD_PID: &[u8] = b"\x83gg\x00\x0canode@gorbag\x00\x00\x00$\x00\x00\x00\x00\x01";

struct SendTerm {
    external: Vec<Vec<u8>>,
    all_bytes: Binary,
    part: Binary,
    empty: Binary,
    hejsan: Binary,
}

impl Driver for SendTerm {
    const LOCKING: Locking = Locking::Driver;

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        let all_bytes = Binary::copy_from_slice(&(0..=255).collect::<Vec<u8>>());
        Ok(SendTerm {
            external: external_terms()?,
            part: all_bytes.slice(23..256 - 17),
            all_bytes,
            empty: Binary::copy_from_slice(b""),
            hejsan: Binary::copy_from_slice(b"hejsan"),
        })
    }

    fn output(&mut self, port: &Port<'_>, data: &[u8]) {
        if data.contains(&ERRORS) {
            self.wrong_terms(port);
            let _ = port.id().output(Terms::new().nil());
            return;
        }
        let mut terms = Terms::new();
        for operation in data {
            terms = match self.term(port, terms, *operation) {
                Some(terms) => terms,
                None => return port.fail_atom(c"bad_request"),
            };
        }
        if data.len() > 1 {
            terms = terms.nil().list(data.len() + 1);
        }
        if port.id().output(terms).is_err() {
            port.fail_atom(c"erl_drv_output_term_failed");
        }
    }
}

impl SendTerm {
    fn term<'a>(&'a self, port: &Port<'_>, terms: Terms<'a>, operation: u8) -> Option<Terms<'a>> {
        Some(match operation {
            0 | 8 => terms.nil(),
            1 => most(port, terms.atom(port.atom(c"blurf"))).tuple(8),
            2 => (0..200).fold(terms, |terms, number| terms.int(number)).nil().list(201),
            3 => terms.binary(&self.all_bytes).binary(&self.part).tuple(2),
            4 => terms.pid(port.connected()?).pid(port.caller()?).tuple(2),
            5 => pairs(terms, &self.external).nil().list(self.external.len() / 2 + 1),
            6 => terms.int(-1).uint(usize::MAX).tuple(2),
            7 => terms.bytes(b"").bytes(b"").bytes(&[17; 17]).bytes(&[17; 1024]).tuple(4),
            9 => terms.atom(port.atom(c"")),
            10 => terms.atom(port.atom(c"an_atom")),
            11 => terms.int(-4711),
            12 => terms.uint(4711),
            13 => terms.port(port.id()),
            14 => terms.binary(&self.empty),
            15 => terms.binary(&self.hejsan),
            16 | 17 => terms.bytes(b""),
            18 => terms.bytes(b"hoppsan"),
            19 | 20 => terms.string(b""),
            21 => terms.string(b"hippsan"),
            22 => terms.tuple(0),
            23 => terms.nil().list(1),
            24 => terms.pid(port.connected()?),
            25 => terms.nil().string_cons(b""),
            26 => terms.float(0.0),
            27 => terms.external(&[131, 106]),
            28 => terms.uint64(u64::MAX),
            29 => terms.uint64(4711 << 32),
            30 => terms.uint64(4711),
            31 => terms.uint64(0),
            32 => terms.int64(i64::MAX),
            33 => terms.int64(4711 << 32),
            34 => terms.int64(4711),
            35 => terms.int64(0),
            36 => terms.int64(-1),
            37 => terms.int64(-4711),
            38 => terms.int64(-4711 << 32),
            39 => terms.int64(i64::MIN),
            40 => terms.map(0),
            41 => most(port, terms.atom(port.atom(c"blurf"))).map(4),
            42 => most(port, terms).atom(port.atom(c"blurf")).map(4),
            _ => return None,
        })
    }
}

impl SendTerm {
    /// A port whose VM takes one of them ends.
    fn wrong_terms(&self, port: &Port<'_>) {
        let new = Terms::new;
        let refused = |terms: Terms<'_>| {
            if port.id().output(terms) != Err(NotSent::Refused) {
                port.fail_atom(c"unexpected_result");
            }
        };
        refused(new());
        refused(new().list(0));
        refused(new().nil().nil());
        // Parts are missing.
        refused(new().string_cons(b"abc"));
        refused(new().tuple(1));
        refused(new().nil().list(2));
        refused(new().nil().map(1));
        // The binary is right, what follows is not: no reference to it is left.
        refused(new().binary(&self.all_bytes).external(BAD_PID).tuple(2));
        refused(new().binary(&self.all_bytes).tuple(2));
        if self.all_bytes.reference_count() > 2 {
            port.fail_atom(c"bad_refc");
        }
        refused(pairs(new(), &self.external).external(BAD_PID).nil().list(self.external.len() / 2 + 2));
        // A key that is there twice.
        let key = port.atom(c"key");
        refused(new().atom(key).nil().atom(key).int(-4711).map(2));
    }
}

/// `42, [], [-42, {} | "abc" ++ Port], "kalle", 3.1416, Owner, #{}`
#[allow(clippy::approx_constant)] // the suite's number
fn most<'a>(port: &Port<'_>, terms: Terms<'a>) -> Terms<'a> {
    let terms = terms.int(42).nil().int(-42).tuple(0).port(port.id()).string_cons(b"abc").list(3).string(b"kalle");
    terms.float(3.1416).pid(port.connected().expect("an owner")).map(0)
}

/// `{Term, Term}` for each term, plain and compressed.
fn pairs<'a>(terms: Terms<'a>, external: &'a [Vec<u8>]) -> Terms<'a> {
    external.chunks(2).fold(terms, |terms, pair| terms.external(&pair[0]).external(&pair[1]).tuple(2))
}

/// The suite's own terms, each plain and compressed, from a file: <<Length:32, Bytes/binary>>
fn external_terms() -> Result<Vec<Vec<u8>>, Refusal> {
    let path = env::get(c"OTP_SUITES_EXTERNAL_TERMS").map(CString::into_bytes).ok_or(Refusal::Badarg)?;
    let file = fs::read(PathBuf::from(std::ffi::OsString::from_vec(path)))?;
    let (mut rest, mut terms) = (file.as_slice(), Vec::new());
    while let Some((len, after)) = rest.split_first_chunk() {
        let (term, after) = after.split_at(u32::from_be_bytes(*len) as usize);
        terms.push(term.to_vec());
        rest = after;
    }
    Ok(terms)
}

erl_driver::driver!(SendTerm: start, stop, output);
