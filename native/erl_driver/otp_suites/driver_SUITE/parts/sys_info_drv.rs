//! A driver that says what the VM says of itself.

use erl_driver::system::{self, InfoVersion, SystemInfo};
use erl_driver::{Control, Driver, Port, Refusal, Replied};

/// Says that it is of driver API `MAJOR.MINOR`. Before 3.1 nobody asked for dirty schedulers.
pub struct SysInfo<const MAJOR: i32, const MINOR: i32>;

impl<const MAJOR: i32, const MINOR: i32> Driver for SysInfo<MAJOR, MINOR> {
    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(SysInfo)
    }

    fn control<'a>(&mut self, _port: &Port<'_>, _operation: u32, _body: &[u8], reply: Control<'a>) -> Replied<'a> {
        let asked = if MINOR > 0 { InfoVersion::Current } else { InfoVersion::Previous };
        reply.bytes(words((MAJOR, MINOR), &system::info_of(asked)).as_bytes())
    }
}

fn words((major, minor): (i32, i32), info: &SystemInfo) -> String {
    let (emulator, nif) = (info.driver_version, info.nif_version.unwrap_or_default());
    let mut words = format!("ok: drv_drv_vsn={major}.{minor} emu_drv_vsn={}.{} ", emulator.0, emulator.1);
    words += &format!("erts_vsn={} otp_vsn={} ", info.erts_version, info.otp_release);
    words += &format!("thread={} smp={} ", info.threads, info.smp);
    words += &format!("async_thrs={} sched_thrs={} ", info.async_threads, info.schedulers);
    words += &format!("emu_nif_vsn={}.{}", nif.0, nif.1);
    if let Some(dirty) = info.dirty_schedulers {
        words += &format!(" dirty_sched={dirty}");
    }
    words
}
