//! What can go wrong with a peer: one typed error for everything the bytes or the silence of the other side can cause.

use bytes::Bytes;
use ohmq_spec::{ErrorCode, SocketType};

/// Why a connection has to end. Nothing else can come out of a peer's bytes or silence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The first bytes are neither a ZMTP signature nor a ZMTP 1.0 identity: another protocol knocked.
    #[error("the peer does not speak ZMTP ({0})")]
    NotZmtp(&'static str),
    /// The peer speaks ZMTP 1.0 or 2.0 and this socket does not accept it.
    #[error("the peer speaks ZMTP {0}.0, which this socket does not accept")]
    LegacyRefused(u8),
    /// The peer's greeting names another security mechanism.
    #[error("the peer uses the security mechanism \"{}\", not NULL", .0.escape_ascii())]
    MechanismMismatch(Bytes),
    /// The peer's socket type does not talk to ours.
    #[error("a {} socket cannot talk to a peer of type \"{}\"", .own.name(), .peer.escape_ascii())]
    IncompatibleSocketType {
        /// Our type.
        own: SocketType,
        /// The peer's Socket-Type as sent, cut to 32 bytes.
        peer: Bytes,
    },
    /// A frame that no state of the protocol allows.
    #[error("malformed frame: {0}")]
    MalformedFrame(&'static str),
    /// A message frame where only a handshake command may be.
    #[error("a message arrived before the handshake was finished")]
    MessageInHandshake,
    /// A well-formed command in the wrong state.
    #[error("unexpected command \"{}\"", .0.escape_ascii())]
    UnexpectedCommand(Bytes),
    /// A command whose body does not have its form.
    #[error("malformed {command} command: {reason}")]
    MalformedCommand {
        /// Which command; `"unnamed"` when the name itself is broken.
        command: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The READY command's properties do not parse, or one has an impossible value.
    #[error("malformed metadata: {0}")]
    MalformedMetadata(&'static str),
    /// A frame, or the message it belongs to, is longer than allowed.
    #[error("{size} bytes announced, {limit} allowed")]
    Oversized {
        /// Bytes the peer announced for the frame, or for the message so far.
        size: u64,
        /// The limit in force.
        limit: u64,
    },
    /// A message has more frames than allowed.
    #[error("a message of more than {limit} frames")]
    TooManyParts {
        /// The limit in force.
        limit: usize,
    },
    /// The peer refused us with an ERROR command.
    #[error("the peer refused the connection: \"{}\"", .0.escape_ascii())]
    Refused(Bytes),
    /// The handshake did not finish in time.
    #[error("the handshake did not finish in time")]
    HandshakeTimeout,
    /// Nothing came from the peer after a PING for the heartbeat timeout.
    #[error("the peer did not answer a heartbeat in time")]
    HeartbeatTimeout,
    /// The peer promised traffic within the TTL of its PING and was silent.
    #[error("the peer's heartbeat stopped for longer than its time-to-live")]
    TtlExpired,
}

impl ProtocolError {
    /// Whether the connecting side may try again: yes after a timeout, no after a violation, as in libzmq, because the
    /// same peer would only do the same thing again.
    pub fn retry(&self) -> bool {
        matches!(self, Self::HandshakeTimeout | Self::HeartbeatTimeout | Self::TtlExpired)
    }

    /// The error code that stands for this error outside the protocol.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::HandshakeTimeout | Self::HeartbeatTimeout | Self::TtlExpired => ErrorCode::Etimedout,
            Self::Oversized { .. } | Self::TooManyParts { .. } => ErrorCode::Emsgsize,
            Self::Refused(_) => ErrorCode::Eacces,
            _ => ErrorCode::Eproto,
        }
    }

    /// The value libzmq's `HANDSHAKE_FAILED_PROTOCOL` event carries for this error (`ZMQ_PROTOCOL_ERROR_*`), or `None`
    /// when that event does not apply: a timeout, or a refusal with a ZAP status.
    pub fn monitor_code(&self) -> Option<u32> {
        Some(match self {
            Self::HandshakeTimeout | Self::HeartbeatTimeout | Self::TtlExpired => return None,
            Self::Refused(_) if self.auth_status().is_some() => return None,
            Self::MechanismMismatch(_) => 0x1100_0002,
            Self::UnexpectedCommand(_) | Self::MessageInHandshake => 0x1000_0001,
            Self::MalformedCommand { command: "ERROR", .. } => 0x1000_0015,
            Self::MalformedCommand { command: "READY", .. } => 0x1000_0016,
            Self::MalformedCommand { .. } => 0x1000_0011,
            Self::MalformedMetadata(_) | Self::IncompatibleSocketType { .. } => 0x1000_0018,
            _ => 0x1000_0000,
        })
    }

    /// The ZAP status (300, 400 or 500) of a refusal that names one: the value of `HANDSHAKE_FAILED_AUTH`.
    pub fn auth_status(&self) -> Option<u16> {
        match self {
            Self::Refused(reason) => match &reason[..] {
                b"300" => Some(300),
                b"400" => Some(400),
                b"500" => Some(500),
                _ => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_timeouts_are_retried() {
        assert!(ProtocolError::HandshakeTimeout.retry());
        assert!(!ProtocolError::MalformedFrame("x").retry());
        assert_eq!(ProtocolError::HeartbeatTimeout.code(), ErrorCode::Etimedout);
        assert_eq!(ProtocolError::Oversized { size: 2, limit: 1 }.code(), ErrorCode::Emsgsize);
    }

    #[test]
    fn a_refusal_with_a_zap_status_is_an_authentication_failure() {
        let refused = |reason| ProtocolError::Refused(Bytes::from_static(reason));
        assert_eq!(refused(b"400").auth_status(), Some(400));
        assert_eq!(refused(b"400").monitor_code(), None);
        assert_eq!(refused(b"go away").monitor_code(), Some(0x1000_0000));
    }
}
