//! A message encoded once for many peers.

use bytes::Bytes;

use crate::message::Message;
use crate::wire::FrameFormat;

use super::chunk;
use super::tape::Tape;

/// A message in wire form, to be sent to every peer whose session uses the same frame format.
#[derive(Debug, Clone)]
pub struct Encoded {
    format: FrameFormat,
    pub(super) arena: Tape,
    pub(super) bodies: Vec<(usize, Bytes)>,
}

impl Encoded {
    /// Encodes `message` for sessions of this format, see [`Connection::frame_format`](crate::Connection::frame_format).
    pub fn new(format: FrameFormat, message: &Message) -> Self {
        let mut encoded = Self { format, arena: Tape::default(), bodies: Vec::new() };
        encoded.encode(message);
        encoded
    }

    /// Replaces the message and keeps the memory.
    pub fn encode(&mut self, message: &Message) {
        self.arena.clear();
        self.bodies.clear();
        let frames = message.frames();
        let last = frames.len().saturating_sub(1);
        for (at, frame) in frames.iter().enumerate() {
            chunk::push_frame(&mut self.arena, &mut self.bodies, self.format, frame, at < last);
        }
        if frames.is_empty() {
            chunk::push_frame(&mut self.arena, &mut self.bodies, self.format, &Default::default(), false);
        }
    }

    /// The format it is encoded for.
    pub fn format(&self) -> FrameFormat {
        self.format
    }

    /// Bytes on the wire.
    #[allow(clippy::len_without_is_empty, reason = "a frame has at least a header")]
    pub fn len(&self) -> usize {
        self.arena.len() + self.bodies.iter().map(|(_, body)| body.len()).sum::<usize>()
    }
}
