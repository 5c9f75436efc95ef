//! The `driver` host: instances behind ports. One value of [`LinkspanPort`] is one port.

mod direct;
mod host;
mod outlet;

use std::sync::Arc;

use bytes::Bytes;
use erl_driver::{Call, Control, Driver, Monitor, Pid, Port, Refusal, Replied, Vector};
use linkspan_engine::{
    Attempt, Body, Conversation, FOREVER, Instance, Job, OPERATION_LIMIT, Options, Outcome, Recipient, Ticket, status,
};

use self::host::PortHost;
use crate::endpoint::{Endpoint, Said, Site};
use crate::runtime::Runtime;
use crate::term;

erl_driver::driver!(LinkspanPort, "linkspan": outputv, control, call, timeout, process_exit);

/// Room for a short answer.
const ROOM: usize = 256;

/// The state of one port.
struct LinkspanPort {
    host: Arc<PortHost>,
    endpoint: Endpoint<Monitor>,
    conversation: Conversation,
    /// What the port's command asks to start, until the port is open.
    command: Option<StartCommand>,
    /// Whether a callback of the open port has run.
    begun: bool,
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
        let host = PortHost::new(port);
        let instance = Runtime::get().map(|runtime| Instance::new(&runtime.engine, host.clone()));
        let conversation = Conversation::new(host.clone());
        let command = StartCommand::parse(command)?;
        // `start` is too early to start anything: the port's settings are not known yet.
        port.set_timer(0);
        Ok(LinkspanPort { host, endpoint: Endpoint::new(instance), conversation, command, begun: false })
    }

    fn stop(mut self, _port: &Port<'_>) {
        self.host.closed();
        // Closed first, so that nobody is told `closed` whose request may still run.
        drop(self.endpoint.instance.take());
        self.endpoint.close();
    }

    fn timeout(&mut self, port: &Port<'_>) {
        self.begin(port);
    }

    fn outputv(&mut self, port: &Port<'_>, vector: &Vector<'_>) {
        self.begin(port);
        let Some(instance) = &self.endpoint.instance else { return };
        let read = match direct::parse(vector) {
            Some(Ok((request, body))) => {
                return self.endpoint.direct(port, request, Body { bytes: &body, share: &|| body.clone() });
            }
            Some(Err(error)) => Err(error),
            None => self.conversation.frame(instance, vector.to_bytes()).map(|micros| port.pay(micros)),
        };
        if let Err(error) = read {
            // Who sent frames is told by the last one, who called by control by an answer.
            let outcome = Outcome::from(error);
            self.endpoint.end(&outcome);
            self.host.end(host::End::Running, outcome);
            instance.close();
        }
    }

    #[inline]
    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, body: &[u8], mut reply: Control<'a>) -> Replied<'a> {
        self.begin(port);
        // An answer is often about as long as its question.
        if body.len() > reply.room().len() {
            return self.control_long(port, operation, body, reply);
        }
        let lent = Body { bytes: body, share: &|| Bytes::copy_from_slice(body) };
        let said = self.endpoint.control(port, &*self.host, operation, lent, reply.room());
        answer(port, reply, said, Control::written)
    }

    fn call<'a>(&mut self, port: &Port<'_>, operation: u32, term: &[u8], reply: Call<'a>) -> Replied<'a> {
        self.begin(port);
        let Some(instance) = self.endpoint.instance.as_ref().filter(|_| operation < OPERATION_LIMIT) else {
            return reply.badarg();
        };
        let mut room = [0; ROOM];
        let lent = Body { bytes: term, share: &|| Bytes::copy_from_slice(term) };
        match instance.try_inline(operation, false, lent, &mut room) {
            Attempt::Written { len, micros } => {
                port.pay(micros);
                reply.bytes(&term::ok(&room[..len as usize]))
            }
            Attempt::Ended(run) => {
                port.pay(run.micros);
                reply.bytes(&term::outcome(run.outcome.clone()))
            }
            Attempt::Deferred => {
                let job = Job::Call { operation, cast: false, body: Bytes::copy_from_slice(term) };
                match self.endpoint.queue(port, instance, job, FOREVER) {
                    Said::Deferred(id) => reply.bytes(&term::deferred(id)),
                    Said::Outcome(outcome) => reply.bytes(&term::outcome(*outcome)),
                    _ => reply.badarg(),
                }
            }
        }
    }

    fn process_exit(&mut self, port: &Port<'_>, monitor: Monitor) {
        if let Some(dead) = port.monitored(&monitor) {
            self.endpoint.caller_died(dead);
        }
    }
}

impl Site for Port<'_> {
    type Monitor = Monitor;

    fn caller(&self) -> Option<Pid> {
        Port::caller(self)
    }

    fn monitor(&self, process: Pid) -> Option<Monitor> {
        Port::monitor(self, process).ok()
    }

    fn demonitor(&self, monitor: &Monitor) {
        Port::demonitor(self, monitor);
    }

    fn consume_timeslice(&self, percent: u8) {
        Port::consume_timeslice(self, percent);
    }
}

impl LinkspanPort {
    /// A `control` whose answer may need more room than the VM provides.
    fn control_long<'a>(&self, port: &Port<'_>, operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let lent = Body { bytes: body, share: &|| Bytes::copy_from_slice(body) };
        let mut room = [0; ROOM];
        let said = self.endpoint.control(port, &*self.host, operation, lent, &mut room);
        answer(port, reply, said, |reply, len| reply.bytes(&room[..len]))
    }

    #[inline]
    fn begin(&mut self, port: &Port<'_>) {
        if !self.begun {
            self.begin_first(port);
        }
    }

    /// Starts what the command asks for, at the first callback of the open port.
    #[cold]
    fn begin_first(&mut self, port: &Port<'_>) {
        self.begun = true;
        self.host.opened(port);
        let (Some(StartCommand { path, service, argument }), Some(instance)) =
            (self.command.take(), &self.endpoint.instance)
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

/// Answers a `port_control`: with the reply as a binary, `written` if it is in the room; else with a list, a status and
/// what goes with it. So a reply needs nothing in front of it that says what it is.
#[inline]
fn answer<'a>(
    port: &Port<'_>,
    reply: Control<'a>,
    said: Said,
    written: impl FnOnce(Control<'a>, usize) -> Replied<'a>,
) -> Replied<'a> {
    match said {
        Said::Written(len) => {
            port.answer_binaries();
            written(reply, len)
        }
        Said::Outcome(outcome) => answer_outcome(port, reply, *outcome),
        Said::Deferred(id) => answer_list(port, reply, status::DEFERRED, &id.to_be_bytes()),
        Said::Waiting => answer_list(port, reply, status::DEFERRED, &[]),
        Said::Badarg => reply.badarg(),
    }
}

fn answer_outcome<'a>(port: &Port<'_>, mut reply: Control<'a>, outcome: Outcome) -> Replied<'a> {
    match outcome {
        Outcome::Ok(body) => {
            port.answer_binaries();
            match body.len() <= reply.room().len() {
                true => reply.bytes(&body),
                false => reply.binary(erl_driver::Binary::copy_from_slice(&body)),
            }
        }
        refused => {
            let status = refused.status();
            answer_list(port, reply, status, &refused.into_body())
        }
    }
}

fn answer_list<'a>(port: &Port<'_>, mut reply: Control<'a>, status: u8, body: &[u8]) -> Replied<'a> {
    port.answer_lists();
    if let Some((first, rest)) = reply.room().split_first_mut()
        && let Some(rest) = rest.get_mut(..body.len())
    {
        *first = status;
        rest.copy_from_slice(body);
        return reply.written(1 + body.len());
    }
    reply.bytes(&[&[status], body].concat())
}
