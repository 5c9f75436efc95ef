//! What the engine may ask of the program.

use std::process;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use linkspan_engine::{Host, Outcome, Recipient, Sink, frame};

use crate::writer::Writer;

/// Stack of the main thread that a service may use: half of the usual 8 MiB.
const INLINE_STACK: usize = 4 * 1024 * 1024;

/// The engine's view of this program.
pub struct ProgramHost {
    writer: Arc<Writer>,
}

impl ProgramHost {
    pub fn new(writer: Arc<Writer>) -> Self {
        ProgramHost { writer }
    }

    /// Tells the VM why, and ends the program with status 1.
    pub fn end(&self, reason: Outcome) {
        let head = frame::ended(&reason);
        self.writer.end(&head, &reason.into_body());
        process::exit(1);
    }
}

impl Host for ProgramHost {
    fn name(&self) -> &'static str {
        "program"
    }

    fn inline_stack(&self) -> usize {
        INLINE_STACK
    }

    fn event(&self, event: Bytes) {
        self.writer.write(&frame::EVENT, &event);
    }

    /// The thread is this program's own: nobody else waits for it.
    fn overran(&self, _service: &str, _operation: &str, _spent: Duration) {}

    fn ended(&self, reason: Outcome) {
        self.end(reason);
    }
}

/// Ends the program if the service it was told to run cannot be loaded or started.
pub struct StartWatch(pub Arc<ProgramHost>);

impl Recipient for StartWatch {
    fn reply(&self, outcome: Outcome) {
        if !matches!(outcome, Outcome::Ok(_)) {
            self.0.end(outcome);
        }
    }
}
