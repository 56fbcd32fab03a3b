//! One peer: bytes in, events out; messages in, bytes out (ZMTP 3.1, RFC 37; 3.0, 2.0 and 1.0 as libzmq understands them).

mod batch;
mod config;
mod delimited;
mod event;
mod handshake;
mod heartbeat;
mod session;
mod traffic;

pub use batch::{Batch, InlineBody, KeptBody, Pins, Run};
pub use config::{ConnectionConfig, Heartbeat};
pub use event::{Event, PeerInfo};
pub use session::Connection;
