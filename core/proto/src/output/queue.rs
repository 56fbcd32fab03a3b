//! The queue of encoded messages of one connection.

use std::collections::VecDeque;

use crate::message::{Frame, Message};
use crate::wire::FrameFormat;

use super::chunk::Chunk;
use super::tape::Tape;
use super::{Batch, Edition, Encoded, Gathered};

/// A chunk is closed when it holds this many bytes, so that written bodies are released soon.
const CHUNK: usize = 256 * 1024;
/// A chunk up to this size is copied behind an unwritten rest, so that refused writes do not pile up tiny chunks.
const MERGED: usize = 8 * 1024;
/// Larger arenas are given back to the allocator. One that has grown, by doubling, until a chunk was full is kept: to grow it
/// again for every batch would cost more than sending it.
pub(super) const KEPT: usize = 2 * CHUNK;

/// Encoded bytes that wait to be written to one peer, and the count of user messages among them.
#[derive(Debug, Default)]
pub struct Output {
    format: FrameFormat,
    /// Closed chunks, oldest first; empty in the usual case.
    pub(super) closed: VecDeque<Chunk>,
    pub(super) open: Chunk,
    /// The memory of a chunk that was written, for the next.
    pub(super) spare: Tape,
    pub(super) messages: usize,
    heartbeats: usize,
}

impl Output {
    /// Whether there is nothing to [`take`](Output::take).
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.open.is_done() && self.closed.is_empty()
    }

    /// Bytes there are to [`take`](Output::take), referenced bodies included.
    pub fn bytes(&self) -> usize {
        self.open.remaining() + self.closed.iter().map(Chunk::remaining).sum::<usize>()
    }

    /// User messages whose last byte the kernel has not taken. Those in a batch that is being written count until the
    /// batch is restored.
    #[inline]
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// Takes everything for writing. What is sent meanwhile is queued behind it.
    pub fn take(&mut self) -> Batch {
        let remaining = self.bytes();
        let next = self.next_chunk();
        let last = std::mem::replace(&mut self.open, next);
        Batch { older: std::mem::take(&mut self.closed), last, remaining }
    }

    /// Gives a batch back after writing and returns how many user messages were completed since it was taken. What is
    /// left goes before everything sent meanwhile.
    pub fn restore(&mut self, batch: Batch) -> usize {
        let Batch { mut older, mut last, remaining } = batch;
        if remaining == 0 && older.is_empty() {
            let completed = last.settle(self.format);
            self.messages -= completed;
            self.recycle(last);
            return completed;
        }
        older.push_back(last);
        let mut completed = 0;
        while let Some(front) = older.front_mut() {
            completed += front.settle(self.format);
            if !front.is_done() {
                break;
            }
            if let Some(done) = older.pop_front() {
                self.recycle(done);
            }
        }
        self.messages -= completed;
        self.put_back(older);
        completed
    }

    /// Puts a message into a batch, behind everything else, of which `written` bytes were written outside it just now.
    pub fn resume(&mut self, batch: &mut Batch, message: &Message, written: usize) {
        self.messages += 1;
        batch.push(self.format, message);
        batch.advance(written);
    }

    /// The user messages that were not completely written, decoded, in order. Commands, subscriptions and handshake bytes
    /// are dropped. A batch that is out must have been restored before, or its messages are missing here.
    pub fn into_unsent(self) -> Vec<Message> {
        let mut messages = Vec::with_capacity(self.messages);
        for chunk in self.closed.iter().chain([&self.open]) {
            chunk.unsent(self.format, &mut messages);
        }
        messages
    }

    /// Frees memory kept for later messages: for connections that have become idle.
    pub fn trim(&mut self) {
        self.spare = Tape::default();
        if self.is_empty() {
            self.open = Chunk::default();
        }
    }

    pub(crate) fn set_format(&mut self, format: FrameFormat) {
        self.format = format;
    }

    #[inline]
    pub(crate) fn push_message(&mut self, message: &Message) {
        self.messages += 1;
        let format = self.format;
        self.room().push_message(format, message);
    }

    /// Queues a message of an empty delimiter and this body.
    #[inline]
    pub(crate) fn push_delimited(&mut self, body: &Frame) {
        self.messages += 1;
        let format = self.format;
        self.room().push_delimited(format, body);
    }

    pub(crate) fn push_encoded(&mut self, encoded: &Encoded) {
        debug_assert_eq!(encoded.format(), self.format);
        self.messages += 1;
        self.room().push_encoded(encoded);
    }

    /// Takes everything that was gathered, behind what is queued, and leaves memory for more in its place.
    pub(crate) fn append(&mut self, gathered: &mut Gathered) {
        debug_assert_eq!(gathered.format, self.format);
        self.messages += gathered.messages();
        if self.open.len() == 0 {
            return std::mem::swap(&mut self.open, &mut gathered.chunk);
        }
        if gathered.chunk.len() <= MERGED && self.open.len() < CHUNK {
            return self.open.absorb(&mut gathered.chunk);
        }
        let next = std::mem::replace(&mut gathered.chunk, self.next_chunk());
        self.closed.push_back(std::mem::replace(&mut self.open, next));
    }

    /// Queues the messages of an edition, without copying them.
    pub(crate) fn append_edition(&mut self, edition: &Edition) {
        debug_assert_eq!(edition.format(), self.format);
        self.messages += edition.messages();
        if self.open.len() > 0 {
            let next = self.next_chunk();
            self.closed.push_back(std::mem::replace(&mut self.open, next));
        }
        self.closed.push_back(edition.chunk());
    }

    pub(crate) fn push_command(&mut self, parts: &[&[u8]]) {
        let format = self.format;
        self.room().push_control(format, true, parts);
    }

    pub(crate) fn push_subscription_message(&mut self, parts: &[&[u8]]) {
        let format = self.format;
        self.room().push_control(format, false, parts);
    }

    /// Adds a PING or PONG, unless the peer has left `limit` of ours unread: it would only make memory grow.
    pub(crate) fn push_heartbeat(&mut self, parts: &[&[u8]], limit: usize) -> bool {
        if self.heartbeats >= limit {
            return false;
        }
        self.heartbeats += 1;
        let format = self.format;
        self.room().push_heartbeat(format, parts);
        true
    }

    pub(crate) fn push_opaque(&mut self, bytes: &[u8]) {
        self.open.push_opaque(bytes);
    }

    /// The open chunk, a new one when the last is full.
    #[inline]
    fn room(&mut self) -> &mut Chunk {
        if self.open.len() >= CHUNK {
            let next = self.next_chunk();
            self.closed.push_back(std::mem::replace(&mut self.open, next));
        }
        &mut self.open
    }

    /// Puts unwritten chunks before what was queued meanwhile.
    fn put_back(&mut self, mut rest: VecDeque<Chunk>) {
        if self.closed.is_empty()
            && self.open.len() <= MERGED
            && let Some(mut last) = rest.pop_back_if(|last| !last.is_shared())
        {
            last.absorb(&mut self.open);
            let emptied = std::mem::replace(&mut self.open, last);
            self.recycle(emptied);
        }
        rest.append(&mut self.closed);
        self.closed = rest;
    }

    #[inline]
    fn next_chunk(&mut self) -> Chunk {
        Chunk::with_memory(std::mem::take(&mut self.spare))
    }

    /// Keeps one written chunk's memory for the next batch.
    fn recycle(&mut self, chunk: Chunk) {
        self.heartbeats -= chunk.heartbeats();
        if self.spare.capacity() == 0
            && let Some(memory) = chunk.into_memory().filter(|memory| memory.capacity() <= KEPT)
        {
            self.spare = memory;
        }
    }
}
