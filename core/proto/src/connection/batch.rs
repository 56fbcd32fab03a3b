//! Short messages as they came off the wire, taken apart one at a time when they are wanted.

use bytes::{Buf, Bytes, BytesMut};

use crate::message::{Frame, Message};
use crate::wire::FrameFormat;
use crate::wire::frame;

use super::Connection;
use super::traffic::SLICED;

/// Whole messages of one frame each, shorter than 8 KiB, that [`Connection::run`] found at the front of a buffer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    /// Messages in it.
    pub count: usize,
    /// Their length on the wire.
    pub bytes: usize,
}

impl Run {
    /// Takes the run off the front of `input`, where it was found: in one piece, which keeps the buffer.
    pub fn take(self, input: &mut BytesMut) -> Batch {
        Batch { bytes: input.split_to(self.bytes).freeze(), at: 0, count: self.count }
    }

    /// Takes the run off the front of `input`, where it was found, one message after the other.
    pub fn take_apart(self, input: &mut BytesMut, mut each: impl FnMut(Message)) {
        let mut at = 0;
        for _ in 0..self.count {
            let (frame, length) = first(input.get(at..).unwrap_or_default());
            each(Message::from(frame));
            at += length;
        }
        input.advance(self.bytes);
    }
}

/// A run of messages in a piece of the read buffer, which is kept until the last of them is taken.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Bytes,
    /// Where the next message begins.
    at: usize,
    count: usize,
}

impl Batch {
    /// Messages that are left.
    #[inline]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether no message is left.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Puts the next message into `into`; says whether there was one.
    #[inline]
    pub fn pop(&mut self, into: &mut Message) -> bool {
        if self.count == 0 {
            return false;
        }
        let (frame, length) = first(self.bytes.get(self.at..).unwrap_or_default());
        *into = Message::from(frame);
        self.at += length;
        self.count -= 1;
        if self.count == 0 {
            *self = Batch::default();
        }
        true
    }
}

/// The frame at the front of `input`, which is whole, and its length on the wire. The smallest cost one comparison of their
/// header and one copy of fixed size.
#[inline(always)]
fn first(input: &[u8]) -> (Frame, usize) {
    match frame::parse_small(input) {
        Some((chunk, length)) => (Frame::from_chunk(chunk, length), 2 + usize::from(length)),
        None => copied(input),
    }
}

fn copied(input: &[u8]) -> (Frame, usize) {
    let (size, length) = extent(input).unwrap_or((0, input.len()));
    let body = input.get(size..size + length).unwrap_or_default();
    (Frame::copy_from_slice(body), size + length)
}

/// The frame of a short message of one frame at the front of `input`, if the whole of it is there, and its length on the wire.
#[inline]
pub(super) fn whole(input: &[u8]) -> Option<(Frame, usize)> {
    let (size, length) = extent(input)?;
    (size + length <= input.len()).then(|| first(input))
}

/// How long the header and the body of the only frame of a short message are, if such a frame begins at the front of
/// `input`; it need not be whole.
#[inline]
fn extent(input: &[u8]) -> Option<(usize, usize)> {
    let header = FrameFormat::V2.parse(input).ok()??;
    let plain = !header.more && !header.command && header.length < SLICED;
    plain.then_some((header.size, header.length))
}

impl Connection {
    /// The shortest way for a stream of messages: finds at most `limit` of them at the front of `input`, without looking at
    /// their bodies. They count as received, so they must be taken. Whatever is behind them, if fewer than `limit` were
    /// found, is for [`receive`](Connection::receive).
    pub fn run(&mut self, input: &[u8], limit: usize) -> Run {
        let mut run = Run::default();
        if self.small < 0 || !self.parts.is_empty() {
            return run;
        }
        let longest = usize::from(self.small.unsigned_abs());
        while run.count < limit {
            let Some((size, length)) = input.get(run.bytes..).and_then(extent) else { break };
            let end = run.bytes + size + length;
            if length > longest || end > input.len() {
                break;
            }
            run.bytes = end;
            run.count += 1;
        }
        if run.count > 0 {
            (self.seen, self.wanted) = (0, 0);
            self.timers.alive();
        }
        run
    }
}
