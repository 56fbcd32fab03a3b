//! The Node addon under the TypeScript of `src-ts`: contexts, sockets, and the wait for them on libuv's loop.
//!
//! Everything runs on the JavaScript thread that owns the socket. A call tries and never waits; what would have to wait
//! arms the socket's descriptor and lets [`poll`] watch it on that thread's own loop. Failures cross the boundary as
//! values ([`failure`]), so that the error and its stack are made in JavaScript.

mod context;
mod environment;
mod failure;
mod message;
mod poll;
mod socket;
mod value;

use napi_derive::napi;

/// The version of the engine, `0.1.0`.
#[napi]
pub fn version() -> String {
    let (major, minor, patch) = ohmq_ffi::version();
    format!("{major}.{minor}.{patch}")
}
