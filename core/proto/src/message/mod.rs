//! Messages: what applications send and receive, before and after the wire.
//!
//! A [`Message`] is one or more [`Frame`]s that travel whole. Both are values of 72 bytes; a single-part message with a
//! body of up to [`INLINE`] bytes needs no allocation anywhere between the wire and the application.

mod copy;
pub mod folded;
mod frame;
mod length;
mod outgoing;
mod parts;
pub mod slab;
mod slice;

pub(crate) use copy::{copy_fresh, copy_short};
pub use frame::{Frame, INLINE};
pub use outgoing::Outgoing;
pub use parts::{Frames, Message};
pub(crate) use slice::{Kept, Slice};
