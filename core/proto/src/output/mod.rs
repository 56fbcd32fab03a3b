//! What waits to be written to one peer: encoded once, counted in whole messages, recoverable when the connection dies.
//!
//! Small frames are packed into one arena; bodies of [`REFERENCED`] bytes and more stay where they are and are written
//! from there. Writing is two calls around the system call, so no lock needs to be held across it:
//! [`Output::take`], then [`Batch::slices`] and [`Batch::advance`], then [`Output::restore`].

mod batch;
mod chunk;
mod edition;
mod encoded;
mod gathered;
mod queue;
mod short;
mod tape;

pub use batch::Batch;
pub use chunk::REFERENCED;
pub use edition::Edition;
pub use encoded::Encoded;
pub use gathered::Gathered;
pub use queue::Output;
pub use short::Short;
