//! ZMTP without sockets: messages, wire codec, handshakes and socket patterns.
//!
//! Two state machines, and everything they need. [`Connection`] speaks ZMTP with one peer: bytes in, events out;
//! messages in, bytes out. A pattern decides, per socket, which peer gets a message. Neither can reach a socket, a
//! clock, a thread or a source of randomness: time and entropy are arguments, so every test is repeatable.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod connection;
pub mod endpoint;
pub mod error;
pub mod message;
pub mod output;
pub mod pattern;
mod wire;

pub use connection::{Connection, ConnectionConfig, Event, Heartbeat, PeerInfo};
pub use endpoint::{Endpoint, EndpointError};
pub use error::ProtocolError;
pub use message::{Frame, Message, Outgoing};
pub use output::{Batch, Edition, Encoded, Gathered, Output};
pub use pattern::{
    DropCause, Found, Identified, InboundDrops, Inbox, Pattern, PatternOption, PipeId, Pipes, Route,
    RouteError,
};
pub use wire::{FrameFormat, FrameHeader, Version};
