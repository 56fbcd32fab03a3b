//! The shortest way for requests and replies: an empty delimiter and a short body, without a list of frames.

use bytes::{Buf, BytesMut};

use crate::message::folded::is_folded;
use crate::message::{Frame, Message};
use crate::wire::FrameFormat;

use super::Connection;
use super::batch;
use super::session::Phase;

/// An empty frame that is not the last of its message.
const DELIMITER: [u8; 2] = [1, 0];

impl Connection {
    /// Takes a folded body off the front of `input`, if a delimiter and a short body are there. Anything else is for
    /// [`receive`](Connection::receive).
    #[inline]
    pub fn receive_delimited(&mut self, input: &mut BytesMut) -> Option<Message> {
        let usual = self.config.delimited
            && self.phase == Phase::Traffic
            && self.version.frame_format() == FrameFormat::V2
            && self.parts.is_empty();
        let behind = input.strip_prefix(&DELIMITER).filter(|_| usual)?;
        let (frame, length) = batch::whole(behind)?;
        if self.config.max_message_size.is_some_and(|limit| frame.len() as u64 > limit) {
            return None;
        }
        input.advance(DELIMITER.len() + length);
        (self.seen, self.wanted) = (0, 0);
        self.timers.alive();
        Some(Message::from(frame))
    }

    /// Encodes a folded message into the output.
    #[inline]
    pub(super) fn send_folded(&mut self, message: &Message) {
        match message.frames() {
            [body] if is_folded(message) => self.output.push_delimited(body),
            _ => self.output.push_message(message),
        }
    }

    /// A message of one frame came in.
    #[inline]
    pub(super) fn single(&self, frame: Frame) -> Message {
        if self.config.delimited { Message::listed(frame) } else { Message::from(frame) }
    }
}
