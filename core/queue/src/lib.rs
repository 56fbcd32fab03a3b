//! The only clever memory of OhMQ: values between two threads, wake-ups, and the role that one thread holds at a time.
//!
//! The crate knows nothing of what the values mean. Six parts, each usable alone:
//!
//! - [`spsc`]: an unbounded queue from one producer to one consumer that allocates nothing in steady state.
//! - [`doorbell`]: many waiters, many ringers; ringing with nobody waiting costs a fence and a load.
//! - [`lock`]: a mutex whose release is a plain store; who has to wait pays for the missing fence.
//! - [`parker`]: what a blocking call sleeps on, reused per thread.
//! - [`token`]: the role (reader or writer of a connection) that exactly one thread holds, with no request lost.
//! - [`wish`]: one side waits now and then for what the other does all the time; that side pays next to nothing.
//!
//! One rule holds everywhere: *a sleeper announces, fences, and looks again; a publisher publishes, fences, and looks
//! for sleepers.* No timer recovers a lost wake-up. `tests/loom.rs` checks every interleaving of the small cases, and
//! checks that it would notice if a fence or an ordering were missing. The models of the whole engine are in
//! `core/ohmq/tests/models`.

#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod doorbell;
pub mod lock;
pub mod parker;
#[cfg(not(loom))]
pub mod spin;
pub mod spsc;
pub mod token;
pub mod wish;

mod barrier;
mod bias;
#[doc(hidden)]
pub mod mistake;
#[doc(hidden)]
pub mod sync;

pub use doorbell::{Doorbell, Ticket};
pub use lock::{Lock, LockGuard};
pub use parker::Parker;
#[cfg(not(loom))]
pub use parker::with_parker;
#[cfg(not(loom))]
pub use spin::{Spin, SpinLimit};
pub use spsc::{Consumer, Drain, Producer, RoomWatch, Watch, channel};
pub use token::{Role, RoleCell, RoleGuard};
pub use wish::Wish;
