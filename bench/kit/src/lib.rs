//! What all contestants of the benchmark share. A contestant is a library behind two small traits ([`Contestant`],
//! [`Socket`]); the drivers here send, receive, check and count through them, so that measuring is written once and is
//! the same for everybody.
//!
//! A contestant's program is `fn main() { bench_kit::serve(...) }`. It takes its orders from the harness as JSON lines
//! ([`protocol`]) and answers with counters; it decides nothing about time.

mod body;
mod contestant;
mod control;
mod driver;
pub mod protocol;
mod serve;
pub mod system;

pub use body::{Body, Check, Order};
pub use contestant::{Contestant, Kind, Socket, spawn_blocking_lane, unsupported};
pub use control::{Control, Lane, now, sleep_until};
pub use driver::{Driver, announce, pause, take};
pub use serve::{Identity, Runner, serve};
