//! How long an instance's operations took, inline and deferred apart.

use std::sync::OnceLock;

use bytes::{BufMut, BytesMut};

use crate::abi::Service;
use crate::histogram::{Histogram, Reading, Summary};

/// Whether a request ran on the thread that brought it, or on a worker.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Inline = 0,
    Deferred = 1,
}

/// One histogram for each operation and way, made when first needed: an idle instance has none.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// By the operation's place in the service's list.
    operations: OnceLock<Box<[Operation]>>,
}

type Operation = [OnceLock<Box<Histogram>>; 2];

impl Times {
    /// Notes a run. Only for whoever has the instance's state locked.
    #[inline(always)]
    pub(crate) fn note(&self, service: &Service, place: usize, way: Way, nanos: u64) {
        match self.operations.get().and_then(|all| all.get(place)?[way as usize].get()) {
            Some(histogram) => histogram.add(nanos),
            None => self.note_first(service, place, way, nanos),
        }
    }

    #[cold]
    fn note_first(&self, service: &Service, place: usize, way: Way, nanos: u64) {
        let none = || service.operations().map(|_| Operation::default()).collect();
        if let Some(operation) = self.operations.get_or_init(none).get(place) {
            operation[way as usize].get_or_init(|| Box::new(Histogram::new())).add(nanos);
        }
    }

    /// Writes what `docs/frame.md` draws: all operations together, then each that has run. Never waits for a run.
    pub(crate) fn write(&self, service: Option<&Service>, info: &mut BytesMut) {
        let mut all = Reading::new();
        let mut ran = Vec::new();
        if let (Some(service), Some(operations)) = (service, self.operations.get()) {
            for ((number, _), operation) in service.operations().zip(operations) {
                let ways = operation.each_ref().map(|way| read(way.get().map(|times| &**times), &mut all));
                if ways.iter().any(|way| way.count > 0) {
                    ran.push((number, ways));
                }
            }
        }
        put(info, all.summary());
        ran.truncate(u16::MAX.into());
        info.put_u16(ran.len() as u16);
        for (number, ways) in ran {
            info.put_u32(number);
            ways.into_iter().for_each(|way| put(info, way));
        }
    }
}

/// Reads a histogram, if there is one, and adds it to the others.
fn read(histogram: Option<&Histogram>, all: &mut Reading) -> Summary {
    let Some(histogram) = histogram else { return Summary::default() };
    let mut reading = Reading::new();
    reading.add(histogram);
    all.join(&reading);
    reading.summary()
}

fn put(info: &mut BytesMut, Summary { count, p50, p99, max }: Summary) {
    [count, p50, p99, max].into_iter().for_each(|number| info.put_u64(number));
}
