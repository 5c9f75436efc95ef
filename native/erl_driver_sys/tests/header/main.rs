//! `erl_driver_sys` against the header and the emulator of the installed Erlang. Needs `erl`, its header, gcc and nm.
//!
//! Nothing here calls a `driver_*` function: outside of a VM such a binary does not link.

mod functions;
mod installed;
mod layout;
mod source;
