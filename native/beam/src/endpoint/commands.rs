//! What the client asks of the host itself. `docs/frame.md` lists the numbers.

use bytes::{Buf, Bytes};
use erl_driver::Pid;
use linkspan_engine::frame::{self, Command, FrameError};
use linkspan_engine::{Body, FOREVER, Instance, Outcome};

use super::{Direct, Endpoint, Listener, Reference, Said, Site, Surroundings, external};
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
const CREDIT: u32 = 9;
const DESCRIBE: u32 = 10;

/// A body that is too short for its command, or a command that nobody knows.
struct Unreadable;

impl From<bytes::TryGetError> for Unreadable {
    fn from(_: bytes::TryGetError) -> Self {
        Unreadable
    }
}

impl From<FrameError> for Unreadable {
    fn from(_: FrameError) -> Self {
        Unreadable
    }
}

impl<M> Endpoint<M> {
    /// Does a command.
    pub(super) fn command(
        &self,
        site: &impl Site<Monitor = M>,
        around: &impl Surroundings,
        command: u32,
        body: Body<'_>,
    ) -> Said {
        let Some(caller) = site.caller() else { return Said::Badarg };
        if command == SUBMIT {
            return self.submit(site, body.bytes).unwrap_or_else(|Unreadable| Said::Badarg);
        }
        let body = (body.share)();
        let done = match command {
            ATTACH => self.attach(caller, body),
            CANCEL => Ok(self.cancel(caller, &body)),
            LOAD => self.job(site, frame::load(body)),
            START => self.job(site, frame::start(body)),
            LISTEN => listen(around, body),
            ROOM => self.room(site, caller, body),
            INFO if body.is_empty() => self.instance().map(|instance| Said::from(instance.told_info())),
            DESCRIBE => self.instance().map(|instance| Said::from(instance.description())),
            CONFIGURE => configure(caller, body),
            CREDIT => self.credit(caller, body),
            _ => Err(Unreadable),
        };
        done.unwrap_or_else(|Unreadable| Said::Badarg)
    }

    fn instance(&self) -> Result<&Instance, Unreadable> {
        self.instance.as_ref().ok_or(Unreadable)
    }

    fn attach(&self, caller: Pid, mut body: Bytes) -> Result<Said, Unreadable> {
        let id = body.try_get_u64()?;
        let timeout = body.try_get_u32()?;
        let reference = reference(&body)?;
        let finished = self.calls.lock().attach(caller, id, timeout, reference);
        Ok(finished.map_or(Said::Waiting, Said::from))
    }

    fn cancel(&self, caller: Pid, reference: &[u8]) -> Said {
        let open = Reference::read(reference).is_some_and(|reference| self.calls.lock().cancel(caller, reference));
        Said::from(if open { Outcome::Cancelled } else { Outcome::Ok(Bytes::new()) })
    }

    /// Queues a job whose answer the caller attaches to.
    fn job(&self, site: &impl Site<Monitor = M>, command: Result<Command, FrameError>) -> Result<Said, Unreadable> {
        let job = match command.map(Command::into_job) {
            Ok(Some((job, _))) => job,
            Ok(None) => return Err(Unreadable),
            Err(error) => return Ok(Said::from(Outcome::from(error))),
        };
        Ok(self.queue(site, self.instance()?, job, FOREVER))
    }

    /// A call whose caller wants a message in any case, in one step instead of two.
    fn submit(&self, site: &impl Site<Monitor = M>, bytes: &[u8]) -> Result<Said, Unreadable> {
        self.instance()?;
        let (request, head) = Direct::read(bytes)?;
        let body = bytes.get(head..).unwrap_or_default();
        self.direct(site, request, Body { bytes: body, share: &|| Bytes::copy_from_slice(body) });
        Ok(Said::Waiting)
    }

    /// Makes room for more parts of a stream; nothing if it is not open any more.
    fn credit(&self, caller: Pid, mut body: Bytes) -> Result<Said, Unreadable> {
        let more = body.try_get_u32()?;
        let reference = reference(&body)?;
        let stream = self.calls.lock().stream(caller, reference);
        if let Some(ticket) = stream {
            ticket.credit(more);
        }
        Ok(Said::from(Outcome::Ok(Bytes::new())))
    }

    fn room(&self, site: &impl Site<Monitor = M>, caller: Pid, mut body: Bytes) -> Result<Said, Unreadable> {
        let wanted = body.try_get_u64()? as usize;
        let reference = reference(&body)?;
        self.calls.lock().await_room(site, caller, self.instance()?, wanted, reference);
        Ok(Said::Waiting)
    }
}

/// What is left of a body, if it is a reference.
fn reference(body: &[u8]) -> Result<Reference, Unreadable> {
    Reference::read(body).ok_or(Unreadable)
}

fn listen(around: &impl Surroundings, mut body: Bytes) -> Result<Said, Unreadable> {
    let len = body.try_get_u32()? as usize;
    if body.len() < len {
        return Err(Unreadable);
    }
    let pid = pid::from_external(&body.split_to(len)).ok_or(Unreadable)?;
    if !external::is_term(&body) {
        return Err(Unreadable);
    }
    let set = around.listen(Listener { pid, instance: body });
    let taken = || Outcome::BadRequest("somebody listens already".into());
    Ok(Said::from(if set { Outcome::Ok(Bytes::new()) } else { taken() }))
}

/// The keeper brings the number of workers, their niceness and the folder of the libraries, and is the keeper from then on.
fn configure(caller: Pid, mut body: Bytes) -> Result<Said, Unreadable> {
    let workers = body.try_get_u32()? as usize;
    let niceness = body.try_get_u8()?;
    let libraries = String::from_utf8(body.to_vec()).map_err(|_| Unreadable)?;
    runtime::set_keeper(caller);
    Ok(Said::from(match Runtime::configure(workers, niceness, libraries) {
        Ok(()) => Outcome::Ok(Bytes::new()),
        Err(why) => Outcome::BadRequest(why.into()),
    }))
}
