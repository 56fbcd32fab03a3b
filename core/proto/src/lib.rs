//! ZMTP without sockets: messages, wire codec, handshakes and socket patterns.
//!
//! Two state machines, and everything they need. `Connection` speaks ZMTP with one peer: bytes in, events out;
//! messages in, bytes out. A pattern decides, per socket, which peer gets a message. Neither can reach a socket, a
//! clock, a thread or a source of randomness: time and entropy are arguments, so every test is repeatable.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod message;
pub mod pattern;

pub use message::{Frame, Message};
pub use pattern::{
    DropCause, Identified, InboundDrops, Inbox, Pattern, PatternOption, PipeId, Pipes, Route, RouteError,
};
