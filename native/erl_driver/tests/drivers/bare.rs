//! A driver without `start`, whose memory is the VM's.

use std::ffi::CString;

use erl_driver::{BareDriver, Call, Control, DriverAllocator, InitFailed, Memory, Replied, Vector, env, panic};

#[global_allocator]
static ALLOCATOR: DriverAllocator = DriverAllocator;

struct Bare;

/// Panics in the callback that stands in the environment.
fn at(callback: &str) {
    assert!(env::get(c"BARE_DRV_PANIC").is_none_or(|chosen| chosen.to_bytes() != callback.as_bytes()));
}

erl_driver::bare_driver!(Bare, "bare_drv": init, finish, stop, outputv, control, call);

impl BareDriver for Bare {
    fn init() -> Result<(), InitFailed> {
        // What a panic says on standard error is of no use here.
        std::panic::set_hook(Box::new(|_| {}));
        panic::set_hook(|panicked| {
            env::set(c"BARE_DRV_TOLD", &CString::new(panicked.callback).unwrap_or_default());
        });
        at("init");
        Ok(())
    }

    fn finish() {
        at("finish");
    }

    fn stop() {
        at("stop");
        env::set(c"BARE_DRV", c"stopped");
    }

    fn outputv(vector: &Vector<'_>) {
        if vector.to_bytes() == "panic" {
            panic!("without a port");
        }
        env::set(c"BARE_DRV", c"written");
    }

    fn control<'a>(operation: u32, body: &[u8], reply: Control<'a>) -> Replied<'a> {
        at("control");
        match operation {
            1 => reply.bytes(body),
            2 => {
                let mut memory = Memory::zeroed(2);
                memory.copy_from_slice(b"ab");
                memory.resize(100);
                memory.resize(3);
                reply.memory(memory)
            }
            // More strongly aligned than the VM's.
            3 => {
                let aligned = Box::new(Aligned([operation as u8; 64]));
                let grown: Vec<u64> = (0..10_000).collect();
                let fine = (&raw const *aligned).addr().is_multiple_of(64) && aligned.0[63] == 3 && grown[9999] == 9999;
                reply.bytes(fine.to_string().as_bytes())
            }
            4 => {
                let set =
                    env::set(c"BARE_DRV_LONG", c"0123456789012345678901234567890123456789012345678901234567890123");
                let mut room = [0; 10];
                let short = env::read(c"BARE_DRV_LONG", &mut room) == Err(env::TooLong);
                let whole = env::get(c"BARE_DRV_LONG").is_some_and(|value| value.count_bytes() == 64);
                reply.bytes(format!("{set} {short} {whole} {:?}", env::get(c"BARE_DRV_NONE")).as_bytes())
            }
            _ => reply.badarg(),
        }
    }

    fn call<'a>(_operation: u32, term: &[u8], reply: Call<'a>) -> Replied<'a> {
        at("call");
        reply.bytes(term)
    }
}

#[repr(align(64))]
struct Aligned([u8; 64]);
