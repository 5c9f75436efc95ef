//! The codes in `{error, {service, Code, Message}}`. They never change their meaning.

/// An exception that the script did not catch.
pub const EXCEPTION: u32 = 1;
/// The request took longer than the limit `time`.
pub const TIME: u32 = 2;
/// The script wanted more than the limit `memory`.
pub const MEMORY: u32 = 3;
/// `call` found no function of that name.
pub const NO_FUNCTION: u32 = 4;
/// The request was cancelled. Nobody waits for this answer, so it is rarely seen.
pub const CANCELLED: u32 = 5;
/// The value is a promise that nothing is left to resolve.
pub const PENDING: u32 = 6;
/// The thread has too little stack left to run a script on it.
pub const STACK: u32 = 7;
/// The interpreter failed in a way that is none of the above.
pub const INTERPRETER: u32 = 8;
