//! The engine by its public face: real instances of the echo service on a host in memory.

mod adaptive;
mod asked;
mod cancel;
mod close;
mod conversation;
mod echo;
mod frame;
mod hosted;
mod inline;
mod library;
mod looking;
mod memory_host;
mod panic;
mod pending;
mod requests;
mod room;
mod start;
mod stream;
mod stream_race;
mod ticket;
mod times;
mod turn;
