//! What a link and its stream are told when they are made.

use std::time::Duration;

use ohmq_proto::connection::ConnectionConfig;

/// Everything a link needs to know from its socket's options at bind or connect time.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// The ZMTP side.
    pub connection: ConnectionConfig,
    /// The stream side.
    pub stream: StreamOptions,
    /// When and whether a lost connection is dialled again.
    pub reconnect: Reconnect,
    /// How long one attempt to connect may take; `None` leaves it to the operating system.
    pub connect_timeout: Option<Duration>,
    /// Messages that may wait to be sent, 0 for no limit (`ZMQ_SNDHWM`).
    pub send_hwm: usize,
    /// Messages that may wait to be received, 0 for no limit (`ZMQ_RCVHWM`).
    pub recv_hwm: usize,
    /// The socket takes what its peers send together with their subscriptions, in the order of arrival (PUB, XPUB,
    /// PUSH): messages are events.
    pub messages_are_events: bool,
    /// Length of a listener's queue of connections nobody accepted yet (`ZMQ_BACKLOG`).
    pub backlog: i32,
    /// Prefer IPv6, and accept both families on `*` (`ZMQ_IPV6`).
    pub ipv6: bool,
}

/// Settings of the stream itself; `None` and −1 leave the operating system's own.
#[derive(Clone, Debug, Default)]
pub struct StreamOptions {
    /// Kernel send buffer in bytes (`ZMQ_SNDBUF`).
    pub send_buffer: Option<usize>,
    /// Kernel receive buffer in bytes (`ZMQ_RCVBUF`).
    pub recv_buffer: Option<usize>,
    /// Type of service (`ZMQ_TOS`); 0 leaves it alone.
    pub tos: u32,
    /// `ZMQ_TCP_KEEPALIVE`.
    pub keepalive: Option<bool>,
    /// `ZMQ_TCP_KEEPALIVE_IDLE`.
    pub keepalive_idle: Option<Duration>,
    /// `ZMQ_TCP_KEEPALIVE_INTVL`.
    pub keepalive_interval: Option<Duration>,
    /// `ZMQ_TCP_KEEPALIVE_CNT`.
    pub keepalive_count: Option<u32>,
}

/// Back-off between attempts to connect (`ZMQ_RECONNECT_IVL`, `ZMQ_RECONNECT_IVL_MAX`).
#[derive(Clone, Copy, Debug)]
pub struct Reconnect {
    /// First pause; `None` never reconnects.
    pub interval: Option<Duration>,
    /// Longest pause; `None` keeps the first one.
    pub maximum: Option<Duration>,
}
