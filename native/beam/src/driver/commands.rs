//! What the client asks of the host itself, by `port_control/3`. `docs/frame.md` lists the numbers.

use bytes::{Buf, Bytes};
use erl_driver::{Control, Port, Replied};
use linkspan_engine::frame::{self, Command, FrameError};
use linkspan_engine::{Outcome, Ticket};

use super::host::Listener;
use super::{LinkspanPort, answer, direct, pending};
use crate::pid;
use crate::runtime::{self, Runtime};

const ATTACH: u32 = 0;
const CANCEL: u32 = 1;
const LOAD: u32 = 2;
const START: u32 = 3;
const LISTEN: u32 = 4;
const ROOM: u32 = 5;
const INFO: u32 = 6;
const CONFIGURE: u32 = 7;
const SUBMIT: u32 = 8;

/// A body that is too short for its command.
struct Short;

impl From<bytes::TryGetError> for Short {
    fn from(_: bytes::TryGetError) -> Self {
        Short
    }
}

impl LinkspanPort {
    /// Does a command. One that cannot be read is refused with `badarg`.
    pub fn command(&mut self, port: &Port<'_>, command: u32, body: &[u8], reply: Control<'_>) -> Replied {
        let body = Bytes::copy_from_slice(body);
        let done = match command {
            ATTACH => self.attach(port, body),
            CANCEL => Ok(Done::Outcome(self.cancel(port, body))),
            LOAD => return self.job(port, frame::load(body), reply),
            START => return self.job(port, frame::start(body), reply),
            LISTEN => self.listen(body),
            ROOM => self.room(port, body),
            INFO => Ok(Done::Outcome(self.instance.as_ref().map_or(Outcome::Closed, |i| Outcome::Ok(i.info())))),
            CONFIGURE => configure(port, body),
            SUBMIT => self.submit(port, body),
            _ => Err(Short),
        };
        match done {
            Ok(Done::Outcome(outcome)) => answer(reply, outcome),
            Ok(Done::Attached(finished)) => pending::attached(reply, finished),
            Err(Short) => reply.badarg(),
        }
    }

    fn attach(&mut self, port: &Port<'_>, mut body: Bytes) -> Result<Done, Short> {
        let id = body.try_get_u64()?;
        let timeout = body.try_get_u32()?;
        Ok(Done::Attached(self.calls.attach(port, id, timeout, body)))
    }

    fn cancel(&mut self, port: &Port<'_>, reference: Bytes) -> Outcome {
        if self.calls.cancel(port, reference) { Outcome::Cancelled } else { Outcome::Ok(Bytes::new()) }
    }

    /// Queues a job whose answer the caller attaches to.
    fn job(&mut self, port: &Port<'_>, command: Result<Command, FrameError>, reply: Control<'_>) -> Replied {
        let Some(instance) = &self.instance else { return reply.badarg() };
        let job = match command.map(Command::into_job) {
            Ok(Some((job, _))) => job,
            Ok(None) => return reply.badarg(),
            Err(error) => return answer(reply, error.into()),
        };
        let ticket = std::sync::Arc::new(Ticket::unattached(job));
        match instance.submit(&ticket) {
            Ok(()) => self.calls.deferred(port, ticket, reply),
            Err(refused) => answer(reply, refused),
        }
    }

    /// A call that is known to be deferred, in one step instead of two.
    fn submit(&mut self, port: &Port<'_>, body: Bytes) -> Result<Done, Short> {
        let instance = self.instance.as_ref().ok_or(Short)?;
        self.calls.direct(port, instance, direct::read(body).ok_or(Short)?);
        Ok(Done::Attached(None))
    }

    fn listen(&mut self, mut body: Bytes) -> Result<Done, Short> {
        let len = body.try_get_u32()? as usize;
        if body.len() < len {
            return Err(Short);
        }
        let pid = pid::from_external(&body.split_to(len)).ok_or(Short)?;
        let set = self.host.listen(Listener { pid, instance: body });
        Ok(Done::Outcome(if set {
            Outcome::Ok(Bytes::new())
        } else {
            Outcome::BadRequest("somebody listens already".into())
        }))
    }

    fn room(&mut self, port: &Port<'_>, mut body: Bytes) -> Result<Done, Short> {
        let wanted = body.try_get_u64()? as usize;
        let instance = self.instance.as_ref().ok_or(Short)?;
        self.calls.await_room(port, instance, wanted, body);
        Ok(Done::Attached(None))
    }
}

enum Done {
    Outcome(Outcome),
    Attached(Option<Outcome>),
}

/// The keeper brings the number of workers and the folder of the libraries, and is the keeper from then on.
fn configure(port: &Port<'_>, mut body: Bytes) -> Result<Done, Short> {
    let workers = body.try_get_u32()? as usize;
    let libraries = String::from_utf8(body.to_vec()).map_err(|_| Short)?;
    runtime::set_keeper(port.caller());
    Ok(Done::Outcome(match Runtime::configure(workers, libraries) {
        Ok(()) => Outcome::Ok(Bytes::new()),
        Err(why) => Outcome::BadRequest(why.into()),
    }))
}
