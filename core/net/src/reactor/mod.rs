//! The I/O thread: it holds the reader role of every link by default, finishes refused writes, dials, accepts and
//! keeps the timers. Applications talk to it through one queue of commands and one wake-up.

mod dial;
mod handle;
mod handshakes;
mod turn;

pub(crate) use handle::Command;
pub use handle::{Handle, ListenerId, Reactor, next_key};
