//! What one writer holds while it writes.

use std::collections::VecDeque;
use std::io::IoSlice;

use crate::message::Message;
use crate::wire::FrameFormat;

use super::chunk::Chunk;

/// Bytes taken from an [`Output`](super::Output) for writing. It must be given back to
/// [`Output::restore`](super::Output::restore), written or not.
///
/// A partially written message stays in it whole, so that it can be recovered when the connection dies.
#[derive(Debug)]
#[must_use = "a batch that is dropped loses its messages"]
pub struct Batch {
    pub(super) older: VecDeque<Chunk>,
    pub(super) last: Chunk,
    pub(super) remaining: usize,
}

impl Batch {
    /// Fills `out` with what is to be written next and returns how many entries were filled.
    pub fn slices<'a>(&'a self, out: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for chunk in self.older.iter().chain([&self.last]) {
            filled += chunk.slices(&mut out[filled..]);
        }
        filled
    }

    /// Notes that the kernel took `count` more bytes.
    pub fn advance(&mut self, count: usize) {
        let mut count = count.min(self.remaining);
        self.remaining -= count;
        for chunk in self.older.iter_mut().chain([&mut self.last]) {
            let step = chunk.remaining().min(count);
            chunk.advance(step);
            count -= step;
            if count == 0 {
                break;
            }
        }
    }

    /// Adds a message behind the others.
    pub(super) fn push(&mut self, format: FrameFormat, message: &Message) {
        let before = self.last.len();
        self.last.push_message(format, message);
        self.remaining += self.last.len() - before;
    }

    /// Bytes not yet written.
    pub fn remaining(&self) -> usize {
        self.remaining
    }

    /// Whether everything is written.
    pub fn is_done(&self) -> bool {
        self.remaining == 0
    }
}
