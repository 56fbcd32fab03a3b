//! The shortest way out: bytes of a few small messages, without the books a batch keeps for large bodies and partial writes.

use std::collections::VecDeque;

use super::chunk::Chunk;
use super::queue::KEPT;
use super::tape::Tape;
use super::{Batch, Output};

/// Bytes taken from an [`Output`] for one write. They must be given back to [`Output::restore_short`], written or not.
#[derive(Debug)]
#[must_use = "what is dropped loses its messages"]
pub struct Short {
    pub(super) bytes: Tape,
    pub(super) messages: usize,
}

impl Short {
    /// What is to be written.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Output {
    /// Takes everything, if there is something and it is short messages only.
    #[inline]
    pub fn take_short(&mut self) -> Option<Short> {
        if !self.closed.is_empty() {
            return None;
        }
        self.open.take_short(&mut self.spare)
    }

    /// Gives them back when the kernel took so many of them, as [`Output::restore`] does.
    #[inline]
    pub fn restore_short(&mut self, short: Short, written: usize) -> usize {
        let Short { mut bytes, messages } = short;
        if written < bytes.len() {
            return self.restore_rest(Chunk::of_short(bytes, messages), written);
        }
        self.messages -= messages;
        if self.spare.capacity() == 0 && bytes.capacity() <= KEPT {
            bytes.clear();
            self.spare = bytes;
        }
        messages
    }

    #[cold]
    fn restore_rest(&mut self, last: Chunk, written: usize) -> usize {
        let mut batch = Batch { older: VecDeque::new(), remaining: last.remaining(), last };
        batch.advance(written);
        self.restore(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    #[test]
    fn what_was_not_written_is_written_next() {
        for written in 0..=12 {
            let mut output = Output::default();
            output.push_message(&Message::from("abcd"));
            output.push_message(&Message::from("efgh"));
            let short = output.take_short().expect("two short messages");
            assert_eq!(short.bytes(), b"\0\x04abcd\0\x04efgh");
            assert!(output.is_empty() && output.take_short().is_none());
            output.push_message(&Message::from("ij"));
            assert_eq!(output.restore_short(short, written), written / 6);
            assert_eq!((output.messages(), output.bytes()), (3 - written / 6, 16 - written));
            let unsent = output.into_unsent();
            assert_eq!(unsent, ["abcd", "efgh", "ij"].map(Message::from)[written / 6..]);
        }
    }

    #[test]
    fn what_needs_books_is_left_for_a_batch() {
        let mut output = Output::default();
        output.push_opaque(b"greeting");
        assert!(output.take_short().is_none());
        let mut output = Output::default();
        output.push_command(&[b"\x04PING"]);
        output.push_message(&Message::from("a"));
        output.push_message(&Message::from(vec![0; 1 << 20]));
        assert!(output.take_short().is_none());
    }
}
