//! Linkspan inside the VM: one image that is a port driver and a NIF library at once.
//!
//! It is loaded by `linkspan:load/0`, once, and stays for the life of the VM.
#![deny(unsafe_code)]

mod driver;
mod endpoint;
mod errands;
mod mail;
mod nif;
mod pid;
mod runtime;
mod term;
