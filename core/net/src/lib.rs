//! Descriptors and threads: everything in OhMQ that touches the operating system.
//!
//! A [`Link`] is one peer of one socket: a queue of messages each way and, while it is connected, a stream with
//! its ZMTP connection. Its bytes are moved by whoever holds its *reader* or *writer* role: the thread that calls
//! [`Link::flush`] writes inline when nothing is queued, and the I/O thread of the [`Reactor`] reads, finishes what
//! the kernel refused, dials, accepts and keeps the timers.
//!
//! Locks are taken in one direction only: socket (an [`Owner`]) → link → reactor command queue. No lock is held
//! across a system call that can block.
#![deny(missing_docs)]
#![deny(unsafe_code)]
#![cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    allow(dead_code, reason = "there are no nests, and what serves them is not reached")
)]

mod config;
mod kernel;
mod keyed;
mod link;
mod nest;
mod reactor;
mod stream;
mod sys;
mod transport;

pub use config::{LinkConfig, Reconnect, StreamOptions};
pub use keyed::{Keyed, Scatter};
pub use link::{
    Counters, Direct, Drops, Link, LinkEnd, LinkEvent, Loss, Origin, Owner, Refill, Shared, is_batch,
};
pub use nest::{Lead, Led, Nest};
pub use reactor::{Handle, ListenerId, Reactor, next_key};
pub use stream::Stream;
pub use sys::{Signal, WaitResult, fork_generation, wait_readable, watch_forks};
pub use transport::{Bound, BoundFile, Listener, bind};
