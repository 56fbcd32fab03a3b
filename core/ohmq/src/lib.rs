//! ZeroMQ sockets from one Rust engine: no broker, no C++ toolchain.
//!
//! A [`Context`] makes [`Socket`]s; a socket of a [`SocketType`] binds and connects to endpoints
//! (`tcp://127.0.0.1:5555`, `ipc:///tmp/feed`, `inproc://name`), in any order, and carries whole [`Message`]s by the
//! rules of its pattern. Sockets are `Send + Sync` and cheap to clone.
//!
//! ```
//! use ohmq::{Context, SocketType};
//!
//! let context = Context::new();
//! let server = context.socket(SocketType::Rep)?;
//! let endpoint = server.bind("tcp://127.0.0.1:*")?;
//!
//! let client = context.socket(SocketType::Req)?;
//! client.connect(&endpoint)?;
//! client.send("hello")?;
//!
//! let question = server.recv()?;
//! server.send(format!("{} world", String::from_utf8_lossy(question.bytes())))?;
//! assert_eq!(client.recv()?.bytes(), b"hello world");
//! # Ok::<(), ohmq::Error>(())
//! ```
//!
//! Every blocking call has a form with a time limit, a `try_` form that never waits, and a future that needs no
//! particular runtime. Behaviour follows libzmq 4.3 and the ZeroMQ RFCs (23/ZMTP, 28 to 31); where it departs, the
//! item says so.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
// A refused message comes back inside the error; a box would cost every EAGAIN an allocation.
#![allow(clippy::result_large_err)]

mod context;
mod core;
mod error;
mod events;
mod future;
mod inproc;
mod options;
mod poller;
mod socket;
mod stats;
mod value;
mod wait;

pub use context::Context;
pub use error::{Error, Result, SendError};
pub use events::Events;
pub use future::{RecvFuture, SendFuture};
pub use ohmq_proto::{Frame, Message, Outgoing};
pub use ohmq_spec::{self as spec, ContextOption, ErrorCode, SocketOption, SocketType};
pub use poller::Poller;
pub use socket::Socket;
pub use stats::Stats;
pub use value::OptionValue;
pub use wait::InterruptMark;

/// How many forks lie between the process that made the first [`Context`] and this one. Contexts and sockets that were made
/// under another number belong to another process, and are closed to this one.
pub fn fork_generation() -> u32 {
    ohmq_net::fork_generation()
}

/// The version of this library: major, minor, patch.
pub fn version() -> (u32, u32, u32) {
    let part = |text: &str| text.parse().unwrap_or(0);
    (
        part(env!("CARGO_PKG_VERSION_MAJOR")),
        part(env!("CARGO_PKG_VERSION_MINOR")),
        part(env!("CARGO_PKG_VERSION_PATCH")),
    )
}
