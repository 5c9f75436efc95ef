//! The `driver` host: instances behind ports. One value of [`LinkspanPort`] is one port.

mod commands;
mod direct;
mod host;
mod outlet;
mod pending;
mod term;

use std::sync::Arc;

use bytes::Bytes;
use erl_driver::{Control, Driver, Monitor, Port, Refusal, Replied, Vector};
use linkspan_engine::{
    Conversation, Inline, Instance, Job, OPERATION_LIMIT, Options, Outcome, Recipient, Run, Ticket, status,
};

use self::host::PortHost;
use self::pending::PendingCalls;
use crate::runtime::Runtime;

erl_driver::driver!(LinkspanPort, "linkspan": outputv, control, call, timeout, process_exit);

/// Operations with this bit are casts.
const CAST: u32 = 1 << 31;
/// Operations from here on are commands to the host, unless they are casts.
const COMMANDS: u32 = 0b11 << 30;

/// The state of one port.
struct LinkspanPort {
    host: Arc<PortHost>,
    /// None while the keeper has not configured the runtime: then the port takes commands only.
    instance: Option<Instance>,
    calls: PendingCalls,
    conversation: Conversation,
    /// What the port's command asks to start, until the port is open.
    command: Option<StartCommand>,
}

/// `linkspan SERVICE ARGUMENT`.
struct StartCommand {
    path: String,
    service: String,
    argument: Bytes,
}

impl Driver for LinkspanPort {
    fn start(port: &Port<'_>, command: &[u8]) -> Result<Self, Refusal> {
        port.answer_binaries();
        port.lock_driver();
        let host = Arc::new(PortHost::new(port));
        let instance = Runtime::get().map(|runtime| Instance::new(&runtime.engine, host.clone()));
        let conversation = Conversation::new(host.clone());
        let command = StartCommand::parse(command)?;
        // `start` is too early to start anything: the port's settings are not known yet.
        port.set_timer(0);
        Ok(LinkspanPort { host, instance, calls: PendingCalls::default(), conversation, command })
    }

    fn stop(mut self, _port: &Port<'_>) {
        self.calls.close();
        self.conversation.close();
        // Dropping the instance closes it; a worker does the rest.
    }

    fn timeout(&mut self, port: &Port<'_>) {
        self.begin(port);
    }

    fn outputv(&mut self, port: &Port<'_>, vector: &Vector<'_>) {
        self.begin(port);
        let Some(instance) = &self.instance else { return };
        if let Some(request) = direct::parse(vector) {
            return self.calls.direct(port, instance, request);
        }
        if let Err(error) = self.conversation.frame(instance, vector.to_bytes()) {
            self.host.end(host::End::Running, error.into());
        }
    }

    fn control(&mut self, port: &Port<'_>, operation: u32, body: &[u8], mut reply: Control<'_>) -> Replied {
        let (number, cast) = match operation {
            0..OPERATION_LIMIT => (operation, false),
            CAST..COMMANDS => (operation & !CAST, true),
            COMMANDS.. => return self.command(port, operation - COMMANDS, body, reply),
            _ => return reply.badarg(),
        };
        self.begin(port);
        let Some(instance) = &self.instance else { return reply.badarg() };
        let room = reply.room();
        match instance.try_inline(number, cast, body, &mut room[1..]) {
            Some(Run { answer: Inline::Written(len), .. }) => {
                room[0] = status::OK;
                reply.written(if cast { 1 } else { 1 + len })
            }
            Some(Run { answer: Inline::Outcome(ref outcome), .. }) => answer(reply, cast_answer(outcome.clone(), cast)),
            None => {
                let ticket = Arc::new(Ticket::unattached(Job::Call {
                    operation: number,
                    cast,
                    body: Bytes::copy_from_slice(body),
                }));
                match instance.submit(&ticket) {
                    Err(refused) => answer(reply, refused),
                    Ok(()) if cast => answer(reply, Outcome::Ok(Bytes::new())),
                    Ok(()) => self.calls.deferred(port, ticket, reply),
                }
            }
        }
    }

    fn call(&mut self, port: &Port<'_>, operation: u32, term: &[u8], reply: Control<'_>) -> Replied {
        self.begin(port);
        match &self.instance {
            Some(instance) if operation < OPERATION_LIMIT => self.calls.term(port, instance, operation, term, reply),
            _ => reply.badarg(),
        }
    }

    fn process_exit(&mut self, port: &Port<'_>, monitor: Monitor) {
        self.calls.caller_died(port, monitor);
    }
}

impl LinkspanPort {
    /// Starts what the command asks for, at the first callback of the open port.
    fn begin(&mut self, port: &Port<'_>) {
        self.host.opened(port);
        let (Some(StartCommand { path, service, argument }), Some(instance)) = (self.command.take(), &self.instance)
        else {
            return;
        };
        for job in [Job::Load { path, service }, Job::Start { argument, options: Options::DEFAULT }] {
            let watch: Box<dyn Recipient> = Box::new(host::StartWatch(self.host.clone()));
            // The queue of a new instance has room for two.
            let _ = instance.submit(&Arc::new(Ticket::attached(job, watch)));
        }
    }
}

impl StartCommand {
    /// Reads a command like `linkspan echo ARGUMENT`; none if it names no service.
    fn parse(command: &[u8]) -> Result<Option<Self>, Refusal> {
        let text = std::str::from_utf8(command).map_err(|_| Refusal::Badarg)?;
        let mut words = text.splitn(3, ' ').skip(1);
        let Some(service) = words.next().filter(|word| !word.is_empty()) else { return Ok(None) };
        if service.contains('/') {
            return Err(Refusal::Badarg);
        }
        let runtime = Runtime::get().ok_or(Refusal::General)?;
        let path = format!("{}/{service}.so", runtime.libraries);
        let argument = words.next().unwrap_or_default().to_owned().into();
        Ok(Some(StartCommand { path, service: service.to_owned(), argument }))
    }
}

/// What the caller of a cast may be told: that its operation is unknown, and nothing of how it went.
fn cast_answer(outcome: Outcome, cast: bool) -> Outcome {
    match outcome {
        Outcome::UnknownOperation(_) => outcome,
        _ if cast => Outcome::Ok(Bytes::new()),
        _ => outcome,
    }
}

/// Answers a `port_control` with a status byte and a body.
fn answer(mut reply: Control<'_>, outcome: Outcome) -> Replied {
    let status = outcome.status();
    let body = outcome.into_body();
    let room = reply.room();
    if body.len() < room.len() {
        room[0] = status;
        room[1..=body.len()].copy_from_slice(&body);
        return reply.written(1 + body.len());
    }
    reply.binary(erl_driver::Binary::from_parts(&[status], &body))
}
