//! Frames of an established session: messages are assembled, commands are obeyed.

use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use ohmq_spec::SocketType;

use crate::error::ProtocolError;
use crate::message::{Frame, INLINE, Message};
use crate::wire::FrameFormat;
use crate::wire::command::{self, Command};
use crate::wire::frame::Header;

use super::{Connection, Event};

/// Shortest body, in bytes, that is sliced out of the read buffer. A kept slice keeps the whole buffer, so small bodies
/// are copied.
pub(super) const SLICED: usize = 8 * 1024;
/// Commands up to this size are accepted whatever the message size limit is.
const COMMAND_ALLOWANCE: u64 = 64 * 1024;

impl Connection {
    /// What [`run`](Connection::run) may take: nothing before a 2.0 or later session is established,
    /// nothing on a publisher, where a message may be a subscription, and nothing where messages are folded.
    pub(super) fn open_shortcut(&mut self) {
        if self.version.frame_format() == FrameFormat::V2 && !self.publishes() && !self.config.delimited {
            let limit = self.config.max_message_size.unwrap_or(u64::MAX);
            self.small = i16::try_from(limit).unwrap_or(i16::MAX);
        }
    }

    /// Every other frame.
    pub(super) fn receive_traffic(
        &mut self,
        input: &mut BytesMut,
        now: Instant,
    ) -> Result<Option<Event>, ProtocolError> {
        let format = self.version.frame_format();
        loop {
            let Some(header) = format.parse(input)? else {
                return self.incomplete(input.len() + 1, input);
            };
            self.check_size(header)?;
            let total = header.size.saturating_add(header.length);
            if input.len() < total {
                return self.incomplete(total, input);
            }
            self.seen = 0;
            self.timers.alive();
            if header.command {
                match self.on_command(input, header, now)? {
                    Some(event) => return Ok(Some(event)),
                    None => continue,
                }
            }
            if header.more || !self.parts.is_empty() {
                match self.on_part(input, header)? {
                    Some(message) => return Ok(Some(Event::Message(message))),
                    None => continue,
                }
            }
            if self.publishes() {
                return Ok(Some(subscription_or_message(take_body(input, header))));
            }
            return Ok(Some(Event::Message(self.single(take_body(input, header)))));
        }
    }

    /// Notes what is missing of a frame of `total` bytes. Progress within a frame is life too: a large message over a slow
    /// link must not be cut off by heartbeats that cannot overtake it (libzmq cuts it off).
    #[inline]
    pub(super) fn incomplete(&mut self, total: usize, input: &[u8]) -> Result<Option<Event>, ProtocolError> {
        self.wanted = total.saturating_sub(input.len());
        if input.len() > self.seen {
            self.timers.alive();
        }
        self.seen = input.len();
        Ok(None)
    }

    /// Checks the announced length before any of the body is waited for.
    #[inline]
    fn check_size(&self, header: Header) -> Result<(), ProtocolError> {
        let Some(limit) = self.config.max_message_size else { return Ok(()) };
        let (size, limit) = match header.command {
            false => (self.parts_bytes.saturating_add(header.length as u64), limit),
            true => (header.length as u64, limit.max(COMMAND_ALLOWANCE)),
        };
        if size > limit { Err(ProtocolError::Oversized { size, limit }) } else { Ok(()) }
    }

    /// A frame of a multipart message; the message when it was the last.
    fn on_part(&mut self, input: &mut BytesMut, header: Header) -> Result<Option<Message>, ProtocolError> {
        if self.parts.len() >= self.config.max_parts {
            return Err(ProtocolError::TooManyParts { limit: self.config.max_parts });
        }
        self.parts_bytes += header.length as u64;
        self.parts.push(take_body(input, header));
        if header.more {
            return Ok(None);
        }
        self.parts_bytes = 0;
        Ok(Some(Message::from(std::mem::take(&mut self.parts))))
    }

    /// A command, which may also come between the frames of a message: libzmq sends its PINGs there.
    fn on_command(
        &mut self,
        input: &mut BytesMut,
        header: Header,
        now: Instant,
    ) -> Result<Option<Event>, ProtocolError> {
        if !self.version.commands() {
            return Err(ProtocolError::MalformedFrame("a command in a ZMTP 2.0 session"));
        }
        if header.more {
            return Err(ProtocolError::MalformedFrame("a command with the MORE flag"));
        }
        let total = header.size + header.length;
        let command = command::parse(input.get(header.size..total).unwrap_or_default())?;
        let mut pong = None;
        let event = match command {
            Command::Ready(_) => return Err(ProtocolError::UnexpectedCommand(Bytes::from_static(b"READY"))),
            Command::Error(reason) => return Err(ProtocolError::Refused(Bytes::copy_from_slice(reason))),
            Command::Ping(ttl, context) => {
                self.timers.promised(ttl, now);
                pong = Some(Frame::copy_from_slice(context.get(..command::MAX_CONTEXT).unwrap_or(context)));
                None
            }
            Command::Subscribe(topic) if self.publishes() => {
                Some(Event::Subscribe(Bytes::copy_from_slice(topic)))
            }
            Command::Cancel(topic) if self.publishes() => Some(Event::Cancel(Bytes::copy_from_slice(topic))),
            Command::Join(group) if self.is_radio() => Some(Event::Join(Bytes::copy_from_slice(group))),
            Command::Leave(group) if self.is_radio() => Some(Event::Leave(Bytes::copy_from_slice(group))),
            // Names we do not know may be of a later version; the others do not concern this socket type.
            _ => None,
        };
        input.advance(total);
        if let Some(context) = pong {
            self.pong(&context);
        }
        Ok(event)
    }

    fn is_radio(&self) -> bool {
        self.config.socket_type == SocketType::Radio
    }
}

/// A subscription in message form, which libzmq accepts in every version, or else a message.
fn subscription_or_message(frame: Frame) -> Event {
    match frame.split_first() {
        Some((1, topic)) => Event::Subscribe(Bytes::copy_from_slice(topic)),
        Some((0, topic)) => Event::Cancel(Bytes::copy_from_slice(topic)),
        _ => Event::Message(Message::from(frame)),
    }
}

/// Takes a whole frame off the front of `input`.
#[inline]
fn take_body(input: &mut BytesMut, header: Header) -> Frame {
    let Header { size, length, .. } = header;
    if length <= INLINE {
        let frame = input.get(size..).and_then(|rest| Frame::inline_prefix(rest, length)).unwrap_or_default();
        input.advance(size + length);
        frame
    } else if length < SLICED {
        let frame = Frame::copy_from_slice(input.get(size..size + length).unwrap_or_default());
        input.advance(size + length);
        frame
    } else {
        input.advance(size);
        Frame::from(input.split_to(length).freeze())
    }
}
