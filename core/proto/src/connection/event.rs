//! What a connection tells the engine.

use bytes::Bytes;
use ohmq_spec::SocketType;

use crate::message::Message;
use crate::wire::Version;

/// Something the peer's bytes completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The handshake is finished: messages may be sent from now on. Comes once, before all others.
    Established(PeerInfo),
    /// A whole message.
    Message(Message),
    /// The peer wants messages of this prefix (own type PUB or XPUB only), in whichever form it said so.
    Subscribe(Bytes),
    /// The peer no longer wants messages of this prefix (own type PUB or XPUB only).
    Cancel(Bytes),
    /// The peer joins a group (own type RADIO only).
    Join(Bytes),
    /// The peer leaves a group (own type RADIO only).
    Leave(Bytes),
}

/// What is known of the peer after the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerInfo {
    /// The version the session uses.
    pub version: Version,
    /// The peer's socket type, if it told one. Checked for compatibility in 3.x only, as in libzmq.
    pub socket_type: Option<SocketType>,
    /// The peer's routing id; empty when it has none.
    pub routing_id: Bytes,
    /// All properties of the peer's READY, in order, each name once.
    pub properties: Vec<(Bytes, Bytes)>,
}
