//! What the options of sockets and contexts do: seen by a peer without a library, by the other end, or by the kernel.

mod contexts;
mod dialing;
#[cfg(target_os = "linux")]
mod kernel;
mod peer;
mod sockets;
#[cfg(target_os = "linux")]
mod streams;
