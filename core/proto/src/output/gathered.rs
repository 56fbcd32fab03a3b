//! Messages of a stream, encoded outside their connection until there are enough for a write.

use crate::message::Message;
use crate::wire::FrameFormat;

use super::Encoded;
use super::chunk::Chunk;

/// Messages that were encoded ahead, by a sender that does not want to touch the connection for each of them. They join
/// it together, by [`Connection::send_gathered`](crate::Connection::send_gathered), or come out again when it is gone.
#[derive(Debug, Default)]
pub struct Gathered {
    pub(super) format: FrameFormat,
    pub(super) chunk: Chunk,
}

impl Gathered {
    /// Whether nothing was gathered.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.chunk.is_done()
    }

    /// Messages in it.
    #[inline]
    pub fn messages(&self) -> usize {
        self.chunk.messages()
    }

    /// Their length on the wire, in bytes.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.chunk.len()
    }

    /// The frame layout of what is gathered.
    #[inline]
    pub fn format(&self) -> FrameFormat {
        self.format
    }

    /// From now on the peer's frames look like this. Only while it is empty.
    pub fn set_format(&mut self, format: FrameFormat) {
        debug_assert!(self.is_empty());
        self.format = format;
    }

    /// Encodes a message behind the others.
    #[inline]
    pub fn push(&mut self, message: &Message) {
        self.chunk.push_message(self.format, message);
    }

    /// Encodes a message of one frame, shorter than [`REFERENCED`](super::REFERENCED), behind the others.
    #[inline(always)]
    pub fn push_body(&mut self, body: &[u8]) {
        self.chunk.push_body(self.format, body);
    }

    /// The same for at most [`INLINE`](crate::message::INLINE) bytes, if nothing has to be done first; says whether it did.
    #[inline(always)]
    pub fn push_short(&mut self, body: &[u8]) -> bool {
        self.format == FrameFormat::V2 && self.chunk.push_short(body)
    }

    /// The same for a longer body, shorter than [`REFERENCED`](super::REFERENCED).
    #[inline(always)]
    pub fn push_longer(&mut self, body: &[u8]) -> bool {
        self.format == FrameFormat::V2 && self.chunk.push_longer(body)
    }

    /// Adds a message that was encoded for this format before.
    #[inline]
    pub fn push_encoded(&mut self, encoded: &Encoded) {
        debug_assert_eq!(encoded.format(), self.format);
        self.chunk.push_encoded(encoded);
    }

    /// The messages, decoded, in order; nothing is left.
    pub fn take_messages(&mut self) -> Vec<Message> {
        let mut messages = Vec::with_capacity(self.messages());
        self.chunk.unsent(self.format, &mut messages);
        self.chunk.clear();
        messages
    }

    /// Frees the memory kept for later messages.
    pub fn trim(&mut self) {
        if self.is_empty() {
            self.chunk = Chunk::default();
        }
    }
}
