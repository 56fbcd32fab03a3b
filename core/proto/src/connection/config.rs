//! What a connection has to know about its socket.

use std::time::Duration;

use bytes::Bytes;
use ohmq_spec::SocketType;

/// Settings of one connection. [`new`](ConnectionConfig::new) gives the defaults.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// The socket's type.
    pub socket_type: SocketType,
    /// The socket's routing id, at most 255 bytes; empty when it has none.
    pub routing_id: Bytes,
    /// Largest frame and largest message accepted, in bytes; `None` is unlimited. Handshake commands have a limit of
    /// their own, so a small value does not prevent the handshake (in libzmq it does).
    pub max_message_size: Option<u64>,
    /// Most frames a message may have.
    pub max_parts: usize,
    /// Time for greeting and handshake together; `None` waits for ever.
    pub handshake_timeout: Option<Duration>,
    /// Heartbeats to send; `None` sends none. PINGs are answered in any case.
    pub heartbeat: Option<Heartbeat>,
    /// Whether messages are [folded](crate::message::folded) on their way in and out, as REQ and REP want them.
    pub delimited: bool,
    /// Whether ZMTP 1.0 and 2.0 peers are accepted, as libzmq does for NULL.
    pub legacy_peers: bool,
}

/// When to send PING and what silence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// Time between two PINGs.
    pub interval: Duration,
    /// Silence after a PING that ends the connection; zero never does.
    pub timeout: Duration,
    /// How long the peer may wait for our next traffic; sent in tenths of a second, at most 6,553.5 s.
    pub ttl: Option<Duration>,
}

impl ConnectionConfig {
    /// libzmq's defaults for a socket of this type: no routing id, unlimited size, 30 s for the handshake, no heartbeats.
    /// Messages of more than 65,536 frames are refused, which libzmq does not do.
    pub fn new(socket_type: SocketType) -> Self {
        Self {
            socket_type,
            routing_id: Bytes::new(),
            max_message_size: None,
            max_parts: 65_536,
            handshake_timeout: Some(Duration::from_secs(30)),
            heartbeat: None,
            delimited: false,
            legacy_peers: true,
        }
    }
}
