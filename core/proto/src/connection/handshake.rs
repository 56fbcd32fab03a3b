//! From the first byte to an established session: greeting in libzmq's order, downgrade to the peer's version, READY.

use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use ohmq_spec::SocketType;

use crate::error::ProtocolError;
use crate::wire::command::{self, Command};
use crate::wire::frame::Header;
use crate::wire::greeting::{self, GREETING_2, GREETING_3, Peer, SIGNATURE};
use crate::wire::metadata::{self, Metadata};
use crate::wire::{FrameFormat, Version};

use super::session::Phase;
use super::{Connection, Event, PeerInfo};

/// Longest handshake command, in bytes. The message size limit does not apply to it.
const MAX_HANDSHAKE_COMMAND: usize = 64 * 1024;
/// Longest identity of a 1.0 or 2.0 peer.
const MAX_IDENTITY: usize = 255;

const NOT_ZMTP: ProtocolError =
    ProtocolError::NotZmtp("its first bytes are neither a signature nor an identity");

type Received = Result<Option<Event>, ProtocolError>;

impl Connection {
    /// The first ten bytes only: the rest depends on the peer, and a 1.0 peer takes them for an identity frame's header.
    pub(super) fn send_signature(&mut self) {
        self.output.push_opaque(&greeting::signature(self.config.routing_id.len()));
    }

    /// One or more steps of the handshake. Bytes stay in `input` until the step that uses them is complete, so that what
    /// looked like a signature can be read again as a 1.0 frame.
    pub(super) fn receive_handshake(&mut self, input: &mut BytesMut, now: Instant) -> Received {
        loop {
            let phase = self.phase.clone();
            let advanced = match phase {
                Phase::Signature => self.on_signature(input)?,
                Phase::Revision => self.on_revision(input)?,
                Phase::Greeting3 => self.on_greeting_3(input)?,
                Phase::Greeting2 => self.on_greeting_2(input),
                Phase::Identity { unversioned, socket_type } => {
                    return self.on_identity(input, unversioned, socket_type, now);
                }
                Phase::Handshake => return self.on_handshake_command(input, now),
                Phase::SubscribeAll => {
                    self.phase = Phase::Traffic;
                    return Ok(Some(Event::Subscribe(Bytes::new())));
                }
                Phase::Traffic => return self.receive_traffic(input, now),
                Phase::Failed(error) => return Err(error),
            };
            if !advanced {
                return Ok(None);
            }
        }
    }

    fn on_signature(&mut self, input: &[u8]) -> Result<bool, ProtocolError> {
        match greeting::classify(input) {
            Peer::Unknown => Ok(self.lacks(SIGNATURE, input)),
            Peer::Unversioned => {
                self.accept_legacy(Version::V1_0)?;
                self.phase = Phase::Identity { unversioned: true, socket_type: None };
                // The signature we sent is the header of our identity frame; its body follows.
                let routing_id = self.config.routing_id.clone();
                self.output.push_opaque(&routing_id);
                Ok(true)
            }
            Peer::Signed | Peer::Revision(_) => {
                self.phase = Phase::Revision;
                self.output.push_opaque(&[greeting::MAJOR]);
                Ok(true)
            }
        }
    }

    fn on_revision(&mut self, input: &[u8]) -> Result<bool, ProtocolError> {
        match greeting::classify(input) {
            Peer::Revision(revision @ (0 | 1)) => {
                self.accept_legacy(if revision == 0 { Version::V1_0 } else { Version::V2_0 })?;
                self.phase = Phase::Greeting2;
                self.output.push_opaque(&[self.config.socket_type.id() as u8]);
                Ok(true)
            }
            Peer::Revision(_) => {
                self.phase = Phase::Greeting3;
                self.output.push_opaque(&greeting::rest_of_greeting());
                Ok(true)
            }
            _ => Ok(self.lacks(SIGNATURE + 1, input)),
        }
    }

    fn on_greeting_3(&mut self, input: &mut BytesMut) -> Result<bool, ProtocolError> {
        let Some(version) = greeting::parse_3(input)? else { return Ok(self.lacks(GREETING_3, input)) };
        input.advance(GREETING_3);
        self.set_version(version);
        self.phase = Phase::Handshake;
        self.send_ready();
        Ok(true)
    }

    fn on_greeting_2(&mut self, input: &mut BytesMut) -> bool {
        let Some(socket_type) = input.get(GREETING_2 - 1).copied() else {
            return self.lacks(GREETING_2, input);
        };
        input.advance(GREETING_2);
        // libzmq ignores this byte, so a wrong one is no error.
        let socket_type = SocketType::from_id(i32::from(socket_type));
        self.phase = Phase::Identity { unversioned: false, socket_type };
        self.send_identity();
        true
    }

    /// The first frame of a 1.0 or 2.0 peer is its identity, empty when it has none.
    fn on_identity(
        &mut self,
        input: &mut BytesMut,
        unversioned: bool,
        socket_type: Option<SocketType>,
        now: Instant,
    ) -> Received {
        let format = self.version.frame_format();
        let header = match format.parse(input) {
            Ok(Some(header)) => header,
            Ok(None) => return self.incomplete(input.len() + 1, input),
            Err(_) if unversioned => {
                return Err(ProtocolError::NotZmtp("its first bytes are no identity frame"));
            }
            Err(error) => return Err(error),
        };
        check_identity(header, unversioned)?;
        let total = header.size + header.length;
        let Some(identity) = input.get(header.size..total) else { return self.incomplete(total, input) };
        let routing_id = Bytes::copy_from_slice(identity);
        input.advance(total);
        // An unversioned subscriber filters for itself and never asks, so a publisher has to send it everything.
        let next = if unversioned && self.publishes() { Phase::SubscribeAll } else { Phase::Traffic };
        let info = PeerInfo { version: self.version, socket_type, routing_id, properties: Vec::new() };
        Ok(Some(self.establish(next, info, now)))
    }

    fn on_handshake_command(&mut self, input: &mut BytesMut, now: Instant) -> Received {
        let Some(header) = FrameFormat::V2.parse(input)? else {
            return self.incomplete(input.len() + 1, input);
        };
        if !header.command {
            return Err(ProtocolError::MessageInHandshake);
        }
        if header.more {
            return Err(ProtocolError::MalformedFrame("a command with the MORE flag"));
        }
        if header.length > MAX_HANDSHAKE_COMMAND {
            let (size, limit) = (header.length as u64, MAX_HANDSHAKE_COMMAND as u64);
            return Err(ProtocolError::Oversized { size, limit });
        }
        let total = header.size + header.length;
        let Some(body) = input.get(header.size..total) else { return self.incomplete(total, input) };
        let metadata = match command::parse(body)? {
            Command::Ready(properties) => metadata::parse(properties)?,
            Command::Error(reason) => return Err(ProtocolError::Refused(Bytes::copy_from_slice(reason))),
            _ => return Err(ProtocolError::UnexpectedCommand(command_name(body))),
        };
        let info = self.check_peer(metadata)?;
        input.advance(total);
        Ok(Some(self.establish(Phase::Traffic, info, now)))
    }

    fn establish(&mut self, next: Phase, info: PeerInfo, now: Instant) -> Event {
        self.phase = next;
        self.open_shortcut();
        self.timers.established(self.config.heartbeat.filter(|_| self.version.commands()), now);
        Event::Established(info)
    }

    /// What READY says about the peer, if its type fits ours. A missing Socket-Type is accepted (libzmq).
    fn check_peer(&self, metadata: Metadata) -> Result<PeerInfo, ProtocolError> {
        let own = self.config.socket_type;
        let socket_type = match &metadata.socket_type {
            None => None,
            Some(name) => match SocketType::from_name(name).filter(|peer| own.accepts(*peer)) {
                None => {
                    let peer = shortened(name);
                    return Err(ProtocolError::IncompatibleSocketType { own, peer });
                }
                compatible => compatible,
            },
        };
        let routing_id = metadata.identity.unwrap_or_default();
        Ok(PeerInfo { version: self.version, socket_type, routing_id, properties: metadata.properties })
    }

    /// READY in libzmq's order: Socket-Type always, Identity for the types whose peers route by it, even when empty.
    fn send_ready(&mut self) {
        let mut body = b"\x05READY".to_vec();
        metadata::put(&mut body, "Socket-Type", self.config.socket_type.name().as_bytes());
        if matches!(self.config.socket_type, SocketType::Req | SocketType::Dealer | SocketType::Router) {
            metadata::put(&mut body, "Identity", &self.config.routing_id);
        }
        let (header, size) = FrameFormat::V2.header(body.len(), false, true);
        self.output.push_opaque(&header[..size]);
        self.output.push_opaque(&body);
    }

    /// Our identity as the first frame of a 1.0 or 2.0 session.
    fn send_identity(&mut self) {
        let routing_id = self.config.routing_id.clone();
        let (header, size) = self.version.frame_format().header(routing_id.len(), false, false);
        self.output.push_opaque(&header[..size]);
        self.output.push_opaque(&routing_id);
    }

    fn accept_legacy(&mut self, version: Version) -> Result<(), ProtocolError> {
        if !self.config.legacy_peers {
            return Err(ProtocolError::LegacyRefused(version.major));
        }
        self.set_version(version);
        Ok(())
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
        self.output.set_format(version.frame_format());
    }

    /// Notes how much of the greeting is missing; `false`, so that it ends a step.
    fn lacks(&mut self, total: usize, input: &[u8]) -> bool {
        self.wanted = total.saturating_sub(input.len());
        false
    }
}

/// Refuses what no ZMTP peer sends as its identity.
fn check_identity(header: Header, unversioned: bool) -> Result<(), ProtocolError> {
    if header.length <= MAX_IDENTITY && !header.more && !header.command {
        return Ok(());
    }
    if unversioned {
        return Err(NOT_ZMTP);
    }
    if header.length > MAX_IDENTITY {
        return Err(ProtocolError::Oversized { size: header.length as u64, limit: MAX_IDENTITY as u64 });
    }
    Err(ProtocolError::MalformedFrame("the identity is not a single message frame"))
}

fn command_name(body: &[u8]) -> Bytes {
    let name = body.split_first().and_then(|(len, rest)| rest.get(..usize::from(*len)));
    shortened(name.unwrap_or_default())
}

/// A name of the peer's choice, cut to what an error message can carry.
fn shortened(name: &[u8]) -> Bytes {
    Bytes::copy_from_slice(name.get(..32).unwrap_or(name))
}
