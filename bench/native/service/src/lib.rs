//! The kernels behind Linkspan. The last digit of an operation is the kernel, the one before says what it costs.
#![forbid(unsafe_code)]

use linkspan::{Context, Cost, Error, Operation, Reply, Request, Result, Service};

const COPY: u32 = 2;
const FAIL: u32 = 5;
const PANIC: u32 = 6;

/// No state: what is measured is the way there and back.
#[derive(Debug)]
struct Kernels;

impl Service for Kernels {
    const NAME: &'static str = "bench";
    const OPERATIONS: &'static [Operation] = &[
        Operation::new(1, "nop"),
        Operation::new(2, "copy"),
        Operation::new(3, "checksum"),
        Operation::new(4, "spin"),
        Operation::new(5, "fail"),
        Operation::new(6, "panic"),
        Operation::new(11, "nop_long"),
        Operation::new(12, "copy_long"),
        Operation::new(13, "checksum_long"),
        Operation::new(14, "spin_long"),
        Operation::new(22, "copy_learn"),
    ];
    const INDEPENDENT: bool = true;

    fn start(_argument: &[u8], _cx: &Context<'_>) -> Result<Self> {
        Ok(Kernels)
    }

    fn call(&mut self, request: Request<'_>, _cx: &Context<'_>) -> Result<Reply> {
        let kernel = request.operation() % 10;
        match kernel {
            COPY => return Ok(Reply::copy(request.body())),
            FAIL => return Err(Error::new(FAIL, "failed")),
            PANIC => panic!("told to panic"),
            _ => {}
        }
        let mut answer = [0; 8];
        let written = bench_kernels::run(kernel, request.body(), &mut answer);
        let written = written.ok_or_else(|| Error::bad_request("the body is to be a number of 8 bytes"))?;
        Ok(Reply::copy(&answer[..written]))
    }

    fn cost(operation: u32, body: usize) -> Cost {
        match operation / 10 {
            // A larger one takes a millisecond to copy.
            0 if body <= 65536 => Cost::Short,
            0 => Cost::Long,
            1 => Cost::Long,
            _ => Cost::Learn,
        }
    }
}

linkspan::export!(Kernels);
