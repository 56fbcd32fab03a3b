//! The bytes of ZMTP: greeting, frames, commands, metadata. Pure functions, no state.

pub(crate) mod command;
pub(crate) mod frame;
pub(crate) mod greeting;
pub(crate) mod metadata;
mod version;

pub use frame::{FrameFormat, FrameHeader};
pub use version::Version;
