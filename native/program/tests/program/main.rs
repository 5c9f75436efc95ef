//! The program as the VM runs it: a process of its own with pipes on descriptors 3 and 4.

mod arguments;
mod calls;
mod ends;
mod order;
mod process;
mod usage;
