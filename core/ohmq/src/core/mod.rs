//! The inside of a socket: one short lock around its pattern and its pipes.
//!
//! Nothing that may block, and nothing that locks another socket, happens under that lock. What must happen after it
//! (write bytes, wake the other end of an inproc pair, close a link) is collected as [`effects::Effects`] and carried
//! out once it is released.

mod attend;
mod effects;
mod endpoints;
mod inner;
mod pace;
mod pauses;
mod pipes;
mod portions;
mod publish;
mod quick;
mod run;
mod shared;

pub(crate) use pipes::Look;
pub(crate) use shared::{Patience, SocketCore};
