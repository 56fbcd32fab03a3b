//! The connection's state and its public face.

use std::time::Instant;

use bytes::BytesMut;
use ohmq_spec::SocketType;

use crate::error::ProtocolError;
use crate::message::{Frame, Message};
use crate::output::{Edition, Encoded, Gathered, Output};
use crate::wire::{FrameFormat, Version};

use super::heartbeat::Timers;
use super::{ConnectionConfig, Event, Pins};

/// PINGs and PONGs a peer may leave unread before we add no more.
const UNREAD_HEARTBEATS: usize = 16;

/// The protocol state of one peer. It owns no socket and no clock.
///
/// After an error the connection is dead: every further call to [`receive`](Connection::receive) and
/// [`on_deadline`](Connection::on_deadline) returns the same error.
#[derive(Debug)]
pub struct Connection {
    pub(super) config: ConnectionConfig,
    pub(super) phase: Phase,
    pub(super) version: Version,
    pub(super) output: Output,
    pub(super) timers: Timers,
    /// Frames of the message that is being received.
    pub(super) parts: Vec<Frame>,
    /// Bytes in `parts`.
    pub(super) parts_bytes: u64,
    /// Bytes the frame that is being received still lacks.
    pub(super) wanted: usize,
    /// Bytes of that frame that have been seen.
    pub(super) seen: usize,
    /// Longest frame that may take the shortest way; -1 while none may.
    pub(super) small: i16,
    /// Read buffers that the peer's messages keep.
    pins: Pins,
}

/// Where the session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for the peer's signature; ours is sent.
    Signature,
    /// Our major version is sent too; waiting for the peer's revision.
    Revision,
    /// 3.x: our whole greeting is sent; waiting for the rest of the peer's.
    Greeting3,
    /// 1.0 with a signature or 2.0: waiting for the peer's socket type byte.
    Greeting2,
    /// 1.0 or 2.0: waiting for the identity frame.
    Identity { unversioned: bool, socket_type: Option<SocketType> },
    /// 3.x: READY is sent; waiting for the peer's.
    Handshake,
    /// Established; the subscription to everything that an unversioned 1.0 subscriber cannot ask for is to be reported.
    SubscribeAll,
    /// Established.
    Traffic,
    /// Dead.
    Failed(ProtocolError),
}

impl Connection {
    /// A connection whose transport has just come up. The first greeting bytes are in [`output`](Connection::output).
    pub fn new(config: ConnectionConfig, now: Instant) -> Self {
        debug_assert!(config.routing_id.len() <= 255);
        let mut connection = Self {
            timers: Timers::new(config.handshake_timeout, now),
            phase: Phase::Signature,
            version: Version::V3_1,
            output: Output::default(),
            parts: Vec::new(),
            parts_bytes: 0,
            wanted: crate::wire::greeting::SIGNATURE,
            seen: 0,
            small: -1,
            pins: Pins::default(),
            config,
        };
        connection.send_signature();
        connection
    }

    /// Takes what is complete off the front of `input`. `None`: more bytes are needed. To be called until then.
    ///
    /// Bodies of 8 KiB and more are sliced out of `input` without copying; smaller ones are copied, so that a message
    /// that is kept does not keep the whole read buffer. For long runs of those see [`run`](Connection::run).
    #[inline]
    pub fn receive(&mut self, input: &mut BytesMut, now: Instant) -> Result<Option<Event>, ProtocolError> {
        let result = match self.phase {
            Phase::Traffic if input.is_empty() => self.incomplete(1, input),
            Phase::Traffic => self.receive_traffic(input, now),
            _ => self.receive_handshake(input, now),
        };
        if let Err(error) = &result {
            self.fail(error);
        }
        result
    }

    /// The read buffers that this peer's messages keep: for [`Run::take`](super::Run::take).
    pub fn pins(&mut self) -> &mut Pins {
        &mut self.pins
    }

    /// How many more bytes the frame that is being received lacks, at least 1: a hint for the size of the next read. It
    /// is the peer's claim, so memory must not be set aside for all of it at once.
    pub fn wanted(&self) -> usize {
        self.wanted.max(1)
    }

    /// Whether the handshake is finished and the connection alive.
    #[inline]
    pub fn established(&self) -> bool {
        matches!(self.phase, Phase::Traffic | Phase::SubscribeAll)
    }

    /// Whether the peer has sent something that only a ZMTP peer sends.
    pub fn has_heard(&self) -> bool {
        self.phase != Phase::Signature
    }

    /// Encodes a whole message into the output. Only on an established connection.
    #[inline]
    pub fn send(&mut self, message: &Message) {
        debug_assert!(self.established());
        if self.config.delimited {
            self.send_folded(message);
        } else {
            self.output.push_message(message);
        }
    }

    /// The same for a message that was encoded once for many peers. Its format must be this session's
    /// [`frame_format`](Connection::frame_format).
    pub fn send_encoded(&mut self, encoded: &Encoded) {
        debug_assert!(self.established());
        self.output.push_encoded(encoded);
    }

    /// The same for messages that were gathered before. Their format must be this session's
    /// [`frame_format`](Connection::frame_format).
    pub fn send_gathered(&mut self, gathered: &mut Gathered) {
        debug_assert!(self.established());
        self.output.append(gathered);
    }

    /// The same for messages that many peers get. Its format must be this session's
    /// [`frame_format`](Connection::frame_format).
    pub fn send_edition(&mut self, edition: &Edition) {
        debug_assert!(self.established());
        self.output.append_edition(edition);
    }

    /// Tells the peer that we want, or no longer want, messages of this prefix: as a command in 3.1, as a message that
    /// begins with 1 or 0 in older versions. Only on an established connection.
    pub fn send_subscription(&mut self, subscribe: bool, topic: &[u8]) {
        debug_assert!(self.established());
        if self.version.subscription_commands() {
            let name: &[u8] = if subscribe { b"\x09SUBSCRIBE" } else { b"\x06CANCEL" };
            self.output.push_command(&[name, topic]);
        } else {
            self.output.push_subscription_message(&[&[u8::from(subscribe)], topic]);
        }
    }

    /// The version of the session; 3.1 until the peer is known.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The session's frame layout, for [`Encoded::new`].
    pub fn frame_format(&self) -> FrameFormat {
        self.version.frame_format()
    }

    /// What waits to be written.
    #[inline]
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// What waits to be written.
    #[inline]
    pub fn output_ref(&self) -> &Output {
        &self.output
    }

    /// Whether its messages are [folded](crate::message::folded).
    pub fn is_delimited(&self) -> bool {
        self.config.delimited
    }

    /// Ends the connection and keeps what was not written, see [`Output::into_unsent`].
    pub fn into_output(self) -> Output {
        self.output
    }

    /// Whether [`Connection::deadline`] may have come nearer by what was received since the last call.
    pub fn take_nearer_deadline(&mut self) -> bool {
        self.timers.take_nearer()
    }

    /// When [`on_deadline`](Connection::on_deadline) must be called next, if nothing happens before. It may have moved
    /// after every other call.
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Failed(_) => None,
            _ => self.timers.next(),
        }
    }

    /// Does what is due: fails on a timeout, or puts a PING into the output. Harmless when called early.
    pub fn on_deadline(&mut self, now: Instant) -> Result<(), ProtocolError> {
        if let Phase::Failed(error) = &self.phase {
            return Err(error.clone());
        }
        let ping = self.timers.expire(self.config.heartbeat, now).inspect_err(|error| self.fail(error))?;
        if ping {
            let ttl = self.config.heartbeat.and_then(|heartbeat| heartbeat.ttl).unwrap_or_default();
            let tenths = u16::try_from(ttl.as_millis() / 100).unwrap_or(u16::MAX);
            self.output.push_heartbeat(&[b"\x04PING", &tenths.to_be_bytes()], UNREAD_HEARTBEATS);
        }
        Ok(())
    }

    /// Tells that the engine is not reading because the application is slow, so the peer's silence proves nothing:
    /// running silence and TTL timers are restarted by the next PING instead of expiring.
    pub fn reading_paused(&mut self) {
        self.timers.alive();
    }

    pub(super) fn pong(&mut self, context: &[u8]) {
        self.output.push_heartbeat(&[b"\x04PONG", context], UNREAD_HEARTBEATS);
    }

    /// Whether the peer's subscriptions concern this socket.
    pub(super) fn publishes(&self) -> bool {
        matches!(self.config.socket_type, SocketType::Pub | SocketType::XPub)
    }

    #[cold]
    fn fail(&mut self, error: &ProtocolError) {
        self.phase = Phase::Failed(error.clone());
        self.parts = Vec::new();
        self.small = -1;
    }
}
