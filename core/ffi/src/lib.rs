//! What every OhMQ language binding needs once: handles, batches, wake-ups, errors.
//!
//! A binding holds contexts and sockets as integers ([`handle`]): an index and a generation, so that a call on something
//! closed is an error code and never a crash, from any thread. Every call ([`calls`]) is safe Rust, never unwinds
//! ([`guard`]), and fails with a [`Failure`] that carries what each language's exception needs.
//!
//! A blocking call first tries; only when it would wait does it block, so a binding can keep its interpreter's lock for
//! the fast path: call [`try_recv`], and release the lock around [`wait`] alone.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
// A refused message comes back inside the error; a box would cost every EAGAIN an allocation.
#![allow(clippy::result_large_err)]

pub mod calls;
pub mod failure;
pub mod guard;
pub mod handle;

pub use calls::*;
pub use failure::{Failure, Outcome};
pub use ohmq::{Events, Frame, Message, OptionValue, spec};
