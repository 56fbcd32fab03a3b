//! Short messages as they came off the wire, taken apart one at a time when they are wanted.

use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};

use crate::message::{Frame, INLINE, Kept, Message, Slice, slab};
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
        Batch { bytes, at: 0, count: self.count, kept }
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
    bytes: Bytes,
    /// Where the next message begins.
    at: usize,
    count: usize,
    /// The bytes, if longer bodies are references to them.
    kept: Option<Arc<Kept>>,
}

/// A short message where it was read, for whoever makes a [`Message`] of it where that is to be: so many bytes, at the front
/// of these.
#[derive(Debug)]
pub struct InlineBody<'a>(&'a [u8; INLINE], u8);

/// The same for a longer one, which stays where it is.
#[derive(Debug)]
pub struct KeptBody(Slice);

impl From<InlineBody<'_>> for Message {
    #[inline(always)]
    fn from(InlineBody(chunk, length): InlineBody<'_>) -> Self {
        Message::from(Frame::from_chunk(chunk, length))
    }
}

impl From<KeptBody> for Message {
    #[inline(always)]
    fn from(KeptBody(slice): KeptBody) -> Self {
        Message::from(Frame::from_slice(slice))
    }
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
        match frame::parse_small(self.bytes.get(self.at..).unwrap_or_default()) {
            Some((chunk, length)) => {
                into.put_chunk(chunk, length);
                self.at += frame::SHORT_HEADER + usize::from(length);
            }
            None => self.longer(into),
        }
        self.count -= 1;
        if self.count == 0 {
            self.end();
        }
        true
    }

    /// The next message, if it is short and there is nothing to be done but to take it: it is not the last of the batch. Any
    /// other is left to [`Batch::pop`].
    #[inline(always)]
    pub fn next_inline(&mut self) -> Option<InlineBody<'_>> {
        if self.count < 2 {
            return None;
        }
        let rest = self.bytes.get(self.at..)?;
        let (chunk, length) = frame::parse_small(rest)?;
        self.at += frame::SHORT_HEADER + usize::from(length);
        self.count -= 1;
        Some(InlineBody(chunk, length))
    }

    /// The same for a longer one that need not be copied.
    #[inline(always)]
    pub fn next_kept(&mut self) -> Option<KeptBody> {
        if self.count < 2 {
            return None;
        }
        let rest = self.bytes.get(self.at..)?;
        let (size, length) = extent(rest).filter(|(_, length)| *length > INLINE)?;
        let begin = self.at + size;
        let slice = Slice::new(self.kept.as_ref()?, begin..begin + length)?;
        self.at = begin + length;
        self.count -= 1;
        Some(KeptBody(slice))
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

    /// Puts the next message into `into`, the long way.
    #[inline(never)]
    fn longer(&mut self, into: &mut Message) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (size, length) = extent(rest).unwrap_or((0, rest.len()));
        let begin = self.at + size;
        let body = begin..begin + length;
        self.at = body.end;
        match self.kept.as_ref().filter(|_| length > INLINE).and_then(|kept| Slice::new(kept, body.clone())) {
            Some(slice) => into.put_slice(slice),
            None => *into = Message::from(self.bytes.get(body).unwrap_or_default()),
        }
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
#[inline(always)]
fn extent(input: &[u8]) -> Option<(usize, usize)> {
    let (size, length) = frame::parse_only(input)?;
    (length < SLICED as u64).then_some((size, length as usize))
}

/// How many frames with the same header are at the front of `input`, at most `limit`; each takes `step` bytes. Where the
/// next begins does not wait for what is read of this one.
#[inline(always)]
fn alike<const HEADER: usize>(input: &[u8], step: usize, limit: usize) -> usize {
    let header = input.first_chunk::<HEADER>();
    let (mut count, mut rest) = (0, input);
    while count < limit && rest.len() >= step && rest.first_chunk() == header {
        rest = &rest[step..];
        count += 1;
    }
    count
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
            let rest = input.get(run.bytes..).unwrap_or_default();
            let Some((size, length)) = extent(rest).filter(|(_, length)| *length <= longest) else { break };
            let step = size + length;
            let alike = match size {
                frame::SHORT_HEADER => alike::<{ frame::SHORT_HEADER }>(rest, step, limit - run.count),
                _ => alike::<{ frame::LONG_HEADER }>(rest, step, limit - run.count),
            };
            if alike == 0 {
                break;
            }
            run.count += alike;
            run.bytes += alike * step;
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
            let (header, size) = crate::wire::FrameFormat::V2.header(body.len(), false, false);
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
