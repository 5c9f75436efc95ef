//! The requests that a host may still want to attach to, cancel or close.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::{Outcome, Ticket};

/// Open requests by key. Answered ones are dropped in passing, so that answering needs no access to the table.
#[derive(Debug)]
pub struct Pending<K> {
    tickets: HashMap<K, Arc<Ticket>, RandomState>,
    sweep_at: usize,
}

const FIRST_SWEEP: usize = 64;

impl<K: Eq + Hash> Default for Pending<K> {
    fn default() -> Self {
        Pending { tickets: HashMap::default(), sweep_at: FIRST_SWEEP }
    }
}

impl<K: Eq + Hash> Pending<K> {
    /// Adds a request.
    pub fn insert(&mut self, key: K, ticket: Arc<Ticket>) {
        if self.tickets.len() >= self.sweep_at {
            self.tickets.retain(|_, ticket| !ticket.is_done());
            self.sweep_at = FIRST_SWEEP.max(2 * self.tickets.len());
        }
        self.tickets.insert(key, ticket);
    }

    /// Number of requests kept, some of which may be answered already.
    pub fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }

    /// Takes a request out.
    pub fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<Arc<Ticket>>
    where
        K: Borrow<Q>,
    {
        self.tickets.remove(key)
    }

    /// Withdraws a request. Returns whether it was open.
    pub fn cancel<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.remove(key).is_some_and(|ticket| ticket.cancel())
    }

    /// A request that is kept.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&Arc<Ticket>>
    where
        K: Borrow<Q>,
    {
        self.tickets.get(key)
    }

    /// Withdraws the requests that `of` picks.
    pub fn cancel_where(&mut self, of: impl Fn(&K) -> bool) {
        self.tickets.retain(|key, ticket| {
            let picked = of(key);
            if picked {
                ticket.cancel();
            }
            !picked
        });
    }

    /// The keys of the requests that somebody still waits for.
    pub fn open_keys(&self) -> impl Iterator<Item = &K> {
        self.tickets.iter().filter(|(_, ticket)| !ticket.is_done()).map(|(key, _)| key)
    }

    /// Answers everything that is still open with `closed`.
    pub fn close(&mut self) {
        self.end(&Outcome::Closed);
    }

    /// Answers everything that is still open, and keeps it.
    pub fn answer(&self, outcome: &Outcome) {
        self.tickets.values().for_each(|ticket| ticket.answer(outcome.clone()));
    }

    /// Answers everything that is still open with what has ended it.
    pub fn end(&mut self, outcome: &Outcome) {
        for (_, ticket) in self.tickets.drain() {
            ticket.answer(outcome.clone());
        }
    }
}
