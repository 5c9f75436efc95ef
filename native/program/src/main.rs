//! The `program` host: one instance in a process of its own, spoken to in frames on descriptors 3 and 4.
//!
//! `linkspan_program` waits to be told what to load; `linkspan_program SERVICE [ARGUMENT]` starts a service of the
//! folder `native` beside it; `linkspan_program --describe LIBRARY` prints what a library has, and ends. `--memory BYTES`,
//! `--cpu SECONDS`, `--files N` and `--processes N` in front bound it. stdin, stdout and stderr are the service's own.
#![deny(unsafe_code)]

mod describe;
#[allow(unsafe_code)] // takes over the two descriptors that the VM hands down
mod descriptors;
mod host;
mod limits;
mod patience;
mod reader;
mod watch;
mod writer;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::thread;

use linkspan_engine::{Clock, Engine, Instance, Job, Libraries, Options, Pool, Recipient, Ticket, WORKER_STACK};

use crate::host::{ProgramHost, StartWatch};
use crate::limits::Limits;
use crate::writer::Writer;

const USAGE: &str = "linkspan_program is started by the Erlang VM: \
    open_port({spawn_executable, Program}, [{args, [Service, Argument]}, {packet, 4}, nouse_stdio, binary])";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("linkspan_program: {error}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if let [flag, library] = &arguments[..]
        && flag == "--describe"
    {
        return describe::print(library);
    }
    let limits = Limits::take(&mut arguments)?;
    if arguments.len() > 2 {
        return Err(format!("{} arguments are too many", arguments.len()).into());
    }
    let (input, output) = descriptors::take()?;
    descriptors::close_others();
    limits::gain_no_privileges()?;
    watch::start(input.try_clone()?, output.try_clone()?)?;
    let writer = Arc::new(Writer::new(output));
    let host = Arc::new(ProgramHost::new(writer.clone()));
    let instance = Instance::new(&engine(), host.clone());
    // The threads that this program needs are there: a bound of processes is for those of the service.
    limits.set()?;
    if let Some((service, argument)) = arguments.split_first() {
        start(&instance, &host, service, argument.first())?;
    }
    reader::read(input, &instance, &writer, &host);
    Ok(())
}

/// One instance handles one request at a time: one worker is enough.
fn engine() -> Engine {
    let pool = Pool::new(1, |worker| {
        let thread = thread::Builder::new().name("linkspan_worker".into()).stack_size(WORKER_STACK);
        if let Err(error) = thread.spawn(worker) {
            eprintln!("linkspan_program: no thread can be started: {error}");
            process::exit(2);
        }
    });
    Engine { libraries: Arc::new(Libraries::default()), pool, clock: Clock::System }
}

/// Starts a service of the folder `native` beside this program.
fn start(
    instance: &Instance,
    host: &Arc<ProgramHost>,
    service: &OsString,
    argument: Option<&OsString>,
) -> Result<(), Box<dyn Error>> {
    use std::os::unix::ffi::OsStrExt;
    let service = service.to_str().ok_or("the service's name is not UTF-8")?.to_owned();
    if service.contains('/') {
        return Err(format!("{service} is a path, not the name of a service").into());
    }
    let library = env::current_exe()?.with_file_name("native").join(format!("{service}.so"));
    let path = library.into_os_string().into_string().map_err(|_| "this program's path is not UTF-8")?;
    let argument = argument.map(|argument| argument.as_bytes().to_vec()).unwrap_or_default().into();
    for job in [Job::Load { path, service }, Job::Start { argument, options: Options::DEFAULT }] {
        let watch: Box<dyn Recipient> = Box::new(StartWatch(host.clone()));
        // The queue of a new instance has room for two.
        let _ = instance.submit(&Arc::new(Ticket::attached(job, watch)));
    }
    Ok(())
}
