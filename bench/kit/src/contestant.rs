//! What a library must offer to take part.

use std::future::Future;
use std::thread;

use anyhow::{Error, Result};

use crate::protocol::Place;

/// The socket types that the benchmark uses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Push,
    Pull,
    Req,
    Rep,
    Dealer,
    Router,
    Pub,
    Sub,
}

/// A library with its context, its I/O threads or its runtime: what one process of its users would have.
pub trait Contestant: Send + Sync + 'static {
    type Socket: Socket;

    /// Runs a lane as users of this library run their code. Lanes that `block` their thread (they sleep, or wait for
    /// the clock) must not hold up the library's own tasks.
    fn spawn(&self, lane: impl Future<Output = ()> + Send + 'static, blocks: bool);

    /// A socket with its default options but for the marks.
    fn socket(&self, kind: Kind, hwm: u32) -> impl Future<Output = Result<Self::Socket>> + Send;
}

/// A socket. Libraries whose calls block do so before they return a future that is ready, where it costs: nothing that is
/// passed is then kept in a future, and read from there again.
pub trait Socket: Send + Sized + 'static {
    /// Binds, and returns where others connect to.
    fn bind(&mut self, place: &Place) -> impl Future<Output = Result<String>> + Send;

    fn connect(&mut self, endpoint: &str) -> impl Future<Output = Result<()>> + Send;

    fn subscribe(&mut self, topic: &[u8]) -> impl Future<Output = Result<()>> + Send;

    /// Sends a message of one frame from memory that stays the caller's.
    fn send(&mut self, body: &[u8]) -> impl Future<Output = Result<()>> + Send;

    /// Receives the next message and looks at its (last frame's) body, where the library has put it.
    fn recv<R: Send>(
        &mut self,
        look: impl FnOnce(&[u8]) -> R + Send,
    ) -> impl Future<Output = Result<R>> + Send;

    /// Receives a message, with the routing frames that ROUTER puts before it, and sends it back.
    fn echo(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// The same socket for another thread.
    fn share(&self) -> Result<Self>;

    /// Closes without waiting for what is queued.
    fn close(self) -> impl Future<Output = Result<()>> + Send;
}

/// The error of a library that has no such thing.
pub fn unsupported(what: &str) -> Error {
    Error::new(Unsupported(what.to_string()))
}

#[derive(Debug)]
pub(crate) struct Unsupported(String);

impl std::fmt::Display for Unsupported {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Unsupported {}

/// A lane of a library with blocking calls: a thread.
pub fn spawn_blocking_lane(lane: impl Future<Output = ()> + Send + 'static) {
    let builder = thread::Builder::new().name("lane".into()).stack_size(512 << 10);
    if let Err(error) = builder.spawn(|| pollster::block_on(lane)) {
        eprintln!("no thread for a lane: {error}");
        std::process::exit(1);
    }
}
