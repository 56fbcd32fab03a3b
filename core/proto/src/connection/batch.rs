//! Short messages as they came off the wire, taken apart one at a time when they are wanted.

use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};

use crate::message::{Frame, INLINE, Kept, Message, Slice, slab};
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
    /// Takes the run off the front of `input`, where it was found: in one piece, which keeps the buffer. Bodies that are
    /// not stored inside a message will be references to the buffer, if `pins` allow for one more.
    pub fn take(self, input: &mut BytesMut, pins: &mut Pins) -> Batch {
        let bytes = input.split_to(self.bytes).freeze();
        let longer = self.bytes > self.count * (INLINE + frame::SHORT_HEADER);
        let kept = if longer { pins.pin(&bytes) } else { None };
        Batch { bytes, count: self.count, kept }
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

/// Read buffers that a peer's messages may keep alive for as long as somebody keeps the messages. A reference is cheaper
/// than a copy, but one small message would keep a whole buffer: so only a few buffers at a time may be kept, and messages
/// beyond are copied.
#[derive(Debug, Default)]
pub struct Pins(Option<Arc<()>>);

impl Pins {
    /// Buffers of one peer that its messages may keep.
    pub const MOST: usize = 4;

    /// A piece of a buffer, counted for as long as anything refers to it; `None` when there are enough already.
    fn pin(&mut self, bytes: &Bytes) -> Option<Arc<Kept>> {
        let counter = self.0.get_or_insert_default();
        (Arc::strong_count(counter) <= Self::MOST).then(|| Kept::new(bytes.clone(), Arc::clone(counter)))
    }
}

/// A run of messages in a piece of the read buffer, which is kept until the last of them is taken.
#[derive(Debug, Default)]
pub struct Batch {
    /// From the next message on.
    bytes: Bytes,
    count: usize,
    /// The whole of it, if longer bodies are references to it.
    kept: Option<Arc<Kept>>,
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
    #[inline(always)]
    pub fn pop(&mut self, into: &mut Message) -> bool {
        if self.count == 0 {
            return false;
        }
        let length = match frame::parse_small(&self.bytes) {
            Some((chunk, length)) => {
                into.put_chunk(chunk, length);
                frame::SHORT_HEADER + usize::from(length)
            }
            None => self.longer(into),
        };
        self.bytes.advance(length);
        self.count -= 1;
        if self.count == 0 {
            self.end();
        }
        true
    }

    /// Lets go of the buffer.
    #[cold]
    fn end(&mut self) {
        let Batch { bytes, kept, .. } = std::mem::take(self);
        match kept {
            Some(kept) => drop((bytes, kept)),
            None => slab::keep_piece(bytes),
        }
    }

    /// Puts the next message into `into`, the long way; says how long it is on the wire.
    #[inline(never)]
    fn longer(&self, into: &mut Message) -> usize {
        if let Some(kept) = &self.kept
            && let Some((size, length)) = extent(&self.bytes)
            && length > INLINE
        {
            let at = kept.len() - self.bytes.len() + size;
            if let Some(slice) = Slice::new(kept, at..at + length) {
                into.put_slice(slice);
                return size + length;
            }
        }
        let (frame, length) = copied(&self.bytes);
        *into = Message::from(frame);
        length
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
    if let Some(length) = frame::parse_short(input) {
        return Some((2, usize::from(length)));
    }
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
            let Some((size, length)) = extent(input.get(run.bytes..).unwrap_or_default()) else { break };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The first message of a run, and whether it refers to the buffer of the run.
    fn first_of_run(length: u8, pins: &mut Pins) -> (Message, bool) {
        let frame = [&frame::short_header(length, false)[..], &vec![7; usize::from(length)]].concat();
        let mut input = BytesMut::from(&frame.repeat(10)[..]);
        let buffer = input.as_ptr_range();
        let mut batch = Run { count: 10, bytes: input.len() }.take(&mut input, pins);
        let mut message = Message::new();
        assert!(batch.pop(&mut message));
        assert_eq!(message.bytes(), &frame[2..]);
        let refers = buffer.contains(&message.bytes().as_ptr());
        (message, refers)
    }

    #[test]
    fn kept_messages_keep_few_buffers() {
        let mut pins = Pins::default();
        let kept: Vec<_> = (0..2 * Pins::MOST).map(|_| first_of_run(200, &mut pins)).collect();
        let refers: Vec<_> = kept.iter().map(|(_, refers)| *refers).collect();
        assert_eq!(refers, [[true; Pins::MOST], [false; Pins::MOST]].concat());
        drop(kept);
        assert!(first_of_run(200, &mut pins).1, "what nobody keeps is free again");
        assert!(!first_of_run(INLINE as u8, &mut pins).1, "what fits into a message is in it");
    }

    #[test]
    fn every_length_of_a_run_comes_out_of_it() {
        let bodies: Vec<_> =
            [300, 0, 65, 7_000, 64, 255, 63, 256, 65, 64, 3].map(|length| vec![length as u8; length]).into();
        let mut input = BytesMut::new();
        for body in &bodies {
            let (header, size) = FrameFormat::V2.header(body.len(), false, false);
            input.extend_from_slice(&header[..size]);
            input.extend_from_slice(body);
        }
        let buffer = input.as_ptr_range();
        let mut batch =
            Run { count: bodies.len(), bytes: input.len() }.take(&mut input, &mut Pins::default());
        let mut message = Message::new();
        for body in bodies {
            assert!(batch.pop(&mut message));
            assert_eq!(message.bytes(), body);
            assert_eq!(buffer.contains(&message.bytes().as_ptr()), body.len() > INLINE, "{}", body.len());
        }
        assert!(!batch.pop(&mut message));
    }
}
