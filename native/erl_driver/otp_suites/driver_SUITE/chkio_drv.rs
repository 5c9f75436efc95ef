//! chkio_drv: watches events in all the ways that are legal, and in some that are not.
#![forbid(unsafe_code)]

#[path = "parts/drv_use.rs"]
mod drv_use;
#[path = "parts/smp_select.rs"]
mod smp_select;

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Write, pipe};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use drv_use::{Callback, DrvUse};
use erl_driver::{Control, Driver, Event, InitFailed, Mode, Port, Refusal, Replied};
use smp_select::SmpSelect;

const STOP: u32 = 0;
const USE_FALLBACK_POLLSET: u32 = 1;
const BAD_FD_IN_POLLSET: u32 = 2;
const FD_CHANGE: u32 = 4;
const STEAL: u32 = 5;
const STEAL_AUX: u32 = 6;
const SMP_SELECT: u32 = 7;
const DRV_USE: u32 = 8;

const FALLBACK_FDS: usize = 10;
const EIO: i32 = 5;

/// What the port is doing.
enum Test {
    Stopped,
    UseFallbackPollset(Fallback),
    /// Numbers that are closed: to be written, to be read.
    BadFdInPollset([RawFd; 2]),
    FdChange(FdChange),
    /// Numbers that belong to another port: to be read, to be written.
    Steal([RawFd; 2]),
    /// What another port steals.
    StealAux {
        _input: File,
        _output: File,
    },
    SmpSelect(SmpSelect),
    DrvUse(DrvUse),
}

/// An event and how often it was ready.
struct Counted {
    fd: OwnedFd,
    count: u32,
}

#[derive(Default)]
struct Fallback {
    dev_null: Vec<Counted>,
    dev_zero: Vec<Counted>,
    pipe_in: Vec<Counted>,
    pipe_out: Vec<Counted>,
}

#[derive(Default)]
struct FdChange {
    pipe: Option<(PipeReader, PipeWriter)>,
    same_fd: u32,
}

struct Chkio {
    test: Test,
}

impl Driver for Chkio {
    fn init() -> Result<(), InitFailed> {
        smp_select::reset();
        Ok(())
    }

    fn finish() {
        smp_select::reset();
    }

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        drv_use::ignore_stop_select();
        Ok(Chkio { test: Test::Stopped })
    }

    fn stop(self, port: &Port<'_>) {
        match self.test {
            Test::SmpSelect(smp_select) => smp_select.stop(port),
            Test::DrvUse(mut drv_use) => drv_use.callback(port, Callback::Stop),
            test => drop(test.stop(port)),
        }
        // So that the VM soon handles the updates.
        let file = open_null().expect("/dev/null");
        let _ = port.select(&file, Mode::WRITE, true);
        let _ = port.select(&file, Mode::WRITE, false);
    }

    fn ready_output(&mut self, port: &Port<'_>, event: Event) {
        match &mut self.test {
            Test::UseFallbackPollset(Fallback { dev_null, pipe_out, .. }) => {
                if !count(event, dev_null) && !count(event, pipe_out) {
                    port.fail_atom(c"output_fd_not_found");
                }
            }
            Test::Steal(_) | Test::StealAux { .. } => {}
            Test::DrvUse(drv_use) => drv_use.callback(port, Callback::ReadyOutput),
            _ => port.fail_atom(c"unexpected_ready_output"),
        }
    }

    fn ready_input(&mut self, port: &Port<'_>, event: Event) {
        match &mut self.test {
            Test::UseFallbackPollset(Fallback { dev_zero, pipe_in, .. }) => {
                if !count(event, dev_zero) && !count(event, pipe_in) {
                    port.fail_atom(c"input_fd_not_found");
                }
            }
            // May come for one that was closed while it was watched.
            Test::FdChange(_) | Test::Steal(_) | Test::StealAux { .. } => {}
            Test::SmpSelect(smp_select) => smp_select.ready_input(port),
            Test::DrvUse(drv_use) => drv_use.callback(port, Callback::ReadyInput),
            _ => port.fail_atom(c"unexpected_ready_input"),
        }
    }

    fn timeout(&mut self, port: &Port<'_>) {
        match &mut self.test {
            Test::FdChange(change) => change.timeout(port),
            Test::DrvUse(drv_use) => drv_use.callback(port, Callback::Timeout),
            _ => port.fail_atom(c"unexpected_driver_timeout"),
        }
    }

    fn control<'a>(&mut self, port: &Port<'_>, operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let mut answer = "ok".to_owned();
        match operation {
            STOP => match std::mem::replace(&mut self.test, Test::Stopped) {
                Test::Stopped => port.fail_atom(c"stop_when_stopped"),
                test @ (Test::SmpSelect(_) | Test::DrvUse(_)) => {
                    self.test = test;
                    port.fail_atom(c"invalid_state");
                }
                test => answer = test.stop(port),
            },
            USE_FALLBACK_POLLSET => match Fallback::open(port) {
                Ok(fallback) => self.test = Test::UseFallbackPollset(fallback),
                Err(error) => port.fail_posix(error.raw_os_error().unwrap_or(EIO)),
            },
            BAD_FD_IN_POLLSET => match closed_fds() {
                Ok(fds) => {
                    let _ = port.select(&Event::of_fd(fds[0]), Mode::WRITE, true);
                    let _ = port.select(&Event::of_fd(fds[1]), Mode::READ, true);
                    self.test = Test::BadFdInPollset(fds);
                }
                Err(error) => port.fail_posix(error.raw_os_error().unwrap_or(EIO)),
            },
            FD_CHANGE => {
                self.test = Test::FdChange(FdChange::default());
                port.set_timer(1);
            }
            STEAL => match numbers(body) {
                Some(fds) => {
                    let input = port.select(&Event::of_fd(fds[0]), Mode::READ, true);
                    let output = port.select(&Event::of_fd(fds[1]), Mode::WRITE, true);
                    if input.and(output).is_err() {
                        port.fail_atom(c"driver_select_failed_to_steal");
                    }
                    self.test = Test::Steal(fds);
                }
                None => port.fail_atom(c"bad_input"),
            },
            STEAL_AUX => match File::open("/dev/zero").and_then(|zero| Ok((zero, open_null()?))) {
                Ok((input, output)) => {
                    let selected = port.select(&input, Mode::READ, true);
                    if selected.and(port.select(&output, Mode::WRITE, true)).is_err() {
                        port.fail_atom(c"driver_select_failed");
                    }
                    answer = format!("fds:{}:{}", input.as_raw_fd(), output.as_raw_fd());
                    self.test = Test::StealAux { _input: input, _output: output };
                }
                Err(error) => port.fail_posix(error.raw_os_error().unwrap_or(EIO)),
            },
            SMP_SELECT => {
                if !matches!(self.test, Test::SmpSelect(_)) {
                    self.test = Test::SmpSelect(SmpSelect::default());
                }
                if let Test::SmpSelect(smp_select) = &mut self.test {
                    answer = smp_select.control(port, body).to_owned();
                }
            }
            DRV_USE => match DrvUse::open() {
                Ok(mut drv_use) => {
                    drv_use.callback(port, Callback::Control);
                    self.test = Test::DrvUse(drv_use);
                }
                Err(error) => port.fail_posix(error.raw_os_error().unwrap_or(EIO)),
            },
            _ => port.fail_atom(c"invalid_state"),
        }
        reply.bytes(answer.as_bytes())
    }

    fn stop_select(event: Event) {
        drv_use::stop_select(event);
    }
}

impl Test {
    /// Stops watching, then closes; says what there was.
    fn stop(self, port: &Port<'_>) -> String {
        match self {
            Test::UseFallbackPollset(fallback) => return fallback.stop(port),
            Test::BadFdInPollset([output, input]) | Test::Steal([input, output]) => {
                let _ = port.select(&Event::of_fd(output), Mode::WRITE, false);
                let _ = port.select(&Event::of_fd(input), Mode::READ, false);
            }
            Test::FdChange(change) => {
                port.cancel_timer();
                if let Some((reader, _)) = &change.pipe {
                    let _ = port.select(reader, Mode::READ, false);
                }
                if change.same_fd == 0 {
                    port.fail_atom(c"never_same_fd");
                }
                return format!("same_fd={}\n", change.same_fd);
            }
            // The thief stops watching.
            Test::Stopped | Test::StealAux { .. } | Test::SmpSelect(_) | Test::DrvUse(_) => {}
        }
        "ok".to_owned()
    }
}

impl Fallback {
    fn open(port: &Port<'_>) -> io::Result<Self> {
        let watch = |fd: OwnedFd, mode| match port.select(&fd, mode, true) {
            Ok(()) => Ok(Counted { fd, count: 0 }),
            Err(_) => Err(io::Error::from_raw_os_error(EIO)),
        };
        let mut fallback = Fallback::default();
        for i in 0..FALLBACK_FDS {
            fallback.dev_null.push(watch(open_null()?.into(), Mode::WRITE)?);
            fallback.dev_zero.push(watch(File::open("/dev/zero")?.into(), Mode::READ)?);
            let (reader, mut writer) = pipe()?;
            if i % 2 == 0 {
                writer.write_all(b"!")?;
            }
            fallback.pipe_in.push(watch(reader.into(), Mode::READ)?);
            fallback.pipe_out.push(watch(writer.into(), Mode::WRITE)?);
        }
        Ok(fallback)
    }

    fn stop(self, port: &Port<'_>) -> String {
        let Fallback { dev_null, dev_zero, pipe_in, pipe_out } = self;
        let all = [
            ("/dev/null", dev_null, Mode::WRITE),
            ("/dev/zero", dev_zero, Mode::READ),
            ("pipe_in", pipe_in, Mode::READ),
            ("pipe_out", pipe_out, Mode::WRITE),
        ];
        let mut told = String::new();
        for (name, events, mode) in all {
            let counts: String = events.iter().map(|one| format!("{}={} ", one.fd.as_raw_fd(), one.count)).collect();
            told.push_str(&format!("{name}: {counts}\n"));
            for one in events {
                port.select(&one.fd, mode, false).expect("it was watched");
            }
        }
        told
    }
}

impl FdChange {
    /// Closes what is watched, and watches what mostly gets the same number.
    fn timeout(&mut self, port: &Port<'_>) {
        let before = self.pipe.take().map(|(reader, mut writer)| {
            if port.select(&reader, Mode::READ, false).is_err() {
                port.fail_atom(c"deselect_failed");
            }
            let _ = writer.write(b"!");
            reader.as_raw_fd()
        });
        let (reader, writer) = match pipe() {
            Ok(pipe) => pipe,
            Err(error) => return port.fail_posix(error.raw_os_error().unwrap_or(EIO)),
        };
        if port.select(&reader, Mode::READ, true).is_err() {
            port.fail_atom(c"select_failed");
        }
        if before == Some(reader.as_raw_fd()) {
            self.same_fd += 1;
        }
        self.pipe = Some((reader, writer));
        port.set_timer(10);
    }
}

fn count(event: Event, events: &mut [Counted]) -> bool {
    let found = events.iter_mut().find(|one| one.fd.as_raw_fd() == event.as_raw_fd());
    found.map(|one| one.count += 1).is_some()
}

/// The last of many, so that probably nobody opens them again.
fn closed_fds() -> io::Result<[RawFd; 2]> {
    let outputs = (0..10).map(|_| open_null()).collect::<io::Result<Vec<_>>>()?;
    let input = File::open("/dev/zero")?;
    Ok([outputs[9].as_raw_fd(), input.as_raw_fd()])
}

/// `fds:1:2`
fn numbers(body: &[u8]) -> Option<[RawFd; 2]> {
    let (input, output) = std::str::from_utf8(body).ok()?.strip_prefix("fds:")?.split_once(':')?;
    Some([input.parse().ok()?, output.parse().ok()?])
}

fn open_null() -> io::Result<File> {
    File::options().write(true).open("/dev/null")
}

erl_driver::driver!(Chkio: init, start, stop, ready_input, ready_output, finish, control, timeout, stop_select);
