//! Name and callbacks are chosen when the driver is loaded.

use erl_driver::{Driver, Entry, Port, Refusal, Vector, env};

struct Chosen;

erl_driver::driver!(load);

fn load() -> Entry<Chosen> {
    // What a panic says on standard error is of no use here.
    std::panic::set_hook(Box::new(|_| {}));
    let setting = env::get(c"CHOSEN_DRV");
    match setting.as_deref().map(|setting| setting.to_bytes()) {
        Some(b"panic") => panic!("while loading"),
        Some(b"name") => Entry::new("another_name"),
        Some(b"init") => Entry::new("chosen_drv").init(),
        Some(b"outputv") => Entry::new(format!("chosen_{}", "drv")).output().outputv(),
        _ => Entry::new("chosen_drv").output(),
    }
}

impl Driver for Chosen {
    fn init() -> Result<(), erl_driver::InitFailed> {
        Err(erl_driver::InitFailed)
    }

    fn start(_port: &Port<'_>, _command: &[u8]) -> Result<Self, Refusal> {
        Ok(Chosen)
    }

    fn output(&mut self, port: &Port<'_>, _data: &[u8]) {
        port.output(b"output");
    }

    fn outputv(&mut self, port: &Port<'_>, _vector: &Vector<'_>) {
        port.output(b"outputv");
    }
}
