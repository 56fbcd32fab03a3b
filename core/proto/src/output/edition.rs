//! Messages that go to many peers, encoded once, together.

use bytes::Bytes;

use crate::message::Message;
use crate::wire::FrameFormat;

use super::Gathered;
use super::chunk::Chunk;

/// A run of whole messages in wire form, from [`Gathered::publish`]. Clones are the same bytes, so each peer's
/// connection gets one: [`Connection::send_edition`](crate::Connection::send_edition).
#[derive(Debug, Clone)]
pub struct Edition {
    format: FrameFormat,
    arena: Bytes,
    bodies: Vec<(usize, Bytes)>,
    messages: usize,
}

impl Edition {
    /// The frame layout it is encoded for.
    pub fn format(&self) -> FrameFormat {
        self.format
    }

    /// Messages in it.
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// The messages, decoded, in order: for peers it cannot be sent to as it is.
    pub fn decode(&self) -> Vec<Message> {
        let mut messages = Vec::with_capacity(self.messages);
        self.chunk().unsent(self.format, &mut messages);
        messages
    }

    pub(super) fn chunk(&self) -> Chunk {
        Chunk::shared(self.arena.clone(), self.bodies.clone(), self.messages)
    }
}

impl Gathered {
    /// Makes an edition of everything gathered; nothing is left.
    pub fn publish(&mut self) -> Edition {
        let messages = self.messages();
        let (arena, bodies) = self.chunk.take_content();
        Edition { format: self.format, arena, bodies, messages }
    }
}
