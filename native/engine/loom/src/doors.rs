//! What is handed over at a door is taken once, or given back.

use std::sync::Arc;

use loom::thread;

use crate::door::Door;

type Shop = Arc<Door<u8>>;

/// Looks once; what was given.
fn look(door: &Shop) -> Option<u8> {
    door.open().then(|| {
        let seen = door.is_given();
        let taken = door.shut();
        assert!(taken.is_some() || !seen, "what was seen is gone");
        taken
    })?
}

/// Hands over; what is left to whoever hands over.
fn give(door: &Shop, thing: u8) -> Option<u8> {
    door.give(thing).err()
}

/// Each of two threads takes its step while a third one looks twice; every thing has come to one place in the end.
fn in_every_order(things: &'static [u8], steps: [fn(&Shop) -> Option<u8>; 2]) {
    loom::model(move || {
        let door = Arc::new(Door::new());
        let others = steps.map(|step| {
            let door = door.clone();
            thread::spawn(move || step(&door))
        });
        let mine = [look(&door), look(&door)];
        let theirs = others.map(|other| other.join().unwrap());
        let mut all: Vec<_> = mine.into_iter().chain(theirs).flatten().collect();
        all.sort_unstable();
        assert_eq!(all, things);
    });
}

#[test]
fn of_two_who_hand_over_each_gets_rid_of_it_or_has_it_back() {
    in_every_order(&[1, 2], [|door| give(door, 1), |door| give(door, 2)]);
}

#[test]
fn of_two_who_look_one_gets_what_is_handed_over() {
    in_every_order(&[1], [|door| give(door, 1), look]);
}
