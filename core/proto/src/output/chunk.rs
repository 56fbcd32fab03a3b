//! A run of encoded frames that is written as a whole: small bytes in an arena, large bodies by reference.
//!
//! Message boundaries are not stored. Counting a chunk that was written whole needs none, and after a partial write, or
//! for recovering unsent messages, the frame headers in the arena tell them again.

use std::io::IoSlice;
use std::ops::Deref;

use bytes::Bytes;

use crate::message::{Frame, INLINE, Message};
use crate::wire::FrameFormat;
use crate::wire::frame::{self, Header};

use super::tape::Tape;
use super::{Encoded, Short};

/// Shortest body, in bytes, that is referenced instead of copied. Below it a copy is cheaper than a further slice in the
/// vectored write.
pub const REFERENCED: usize = 32 * 1024;

#[derive(Debug, Default)]
pub(super) struct Chunk {
    arena: Arena,
    /// Referenced bodies, each with the arena position it is spliced in at.
    bodies: Vec<(usize, Bytes)>,
    /// Arena positions of message frames that are not user messages: subscriptions in message form.
    controls: Vec<usize>,
    /// Greeting and handshake at the front: bytes that are not counted and not recovered.
    opaque: usize,
    /// Whole length on the wire.
    len: usize,
    /// User messages that are not completely written.
    messages: usize,
    /// PINGs and PONGs in this chunk.
    heartbeats: usize,
    /// How far the kernel took it.
    written: Cursor,
    /// Start of the first message that is not completely written.
    start: Cursor,
}

/// The small bytes of a chunk.
#[derive(Debug)]
enum Arena {
    Own(Tape),
    /// Other connections write the same bytes; nothing can be added.
    Shared(Bytes),
}

impl Default for Arena {
    fn default() -> Self {
        Arena::Own(Tape::default())
    }
}

impl Deref for Arena {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Arena::Own(bytes) => bytes,
            Arena::Shared(bytes) => bytes,
        }
    }
}

impl Arena {
    /// The bytes, to add to them. A shared arena, which nobody adds to, would be copied.
    #[inline(always)]
    fn own(&mut self) -> &mut Tape {
        if let Arena::Shared(_) = self {
            self.make_own();
        }
        match self {
            Arena::Own(bytes) => bytes,
            Arena::Shared(_) => unreachable!("it was made our own just now"),
        }
    }

    #[cold]
    fn make_own(&mut self) {
        *self = Arena::Own(Tape::of(self));
    }
}

/// A position in a chunk.
#[derive(Debug, Default, Clone, Copy)]
struct Cursor {
    /// Bytes of the stream before it.
    offset: usize,
    /// Bytes of the arena before it.
    arena: usize,
    /// Referenced bodies completely before it.
    bodies: usize,
    /// Bytes of the next referenced body before it.
    body: usize,
}

/// One run between two boundaries that the walk over a chunk knows.
struct Item {
    end: Cursor,
    user: bool,
}

impl Chunk {
    /// A chunk of messages whose bytes other connections write too.
    pub(super) fn shared(arena: Bytes, bodies: Vec<(usize, Bytes)>, messages: usize) -> Self {
        let len = arena.len() + bodies.iter().map(|(_, body)| body.len()).sum::<usize>();
        Self { arena: Arena::Shared(arena), bodies, len, messages, ..Self::default() }
    }

    /// An empty chunk that grows into this memory.
    #[inline]
    pub(super) fn with_memory(memory: Tape) -> Self {
        debug_assert!(memory.is_empty());
        Self { arena: Arena::Own(memory), ..Self::default() }
    }

    /// The memory of the arena, emptied, unless others share it.
    pub(super) fn into_memory(self) -> Option<Tape> {
        match self.arena {
            Arena::Own(mut bytes) => {
                bytes.clear();
                Some(bytes)
            }
            Arena::Shared(_) => None,
        }
    }

    /// Takes the bytes out of a chunk of which nothing was written and that keeps no books of anything but messages; `memory`
    /// is left in their place.
    #[inline]
    pub(super) fn take_short(&mut self, memory: &mut Tape) -> Option<Short> {
        let plain = self.written.offset == 0
            && self.opaque == 0
            && self.heartbeats == 0
            && self.bodies.is_empty()
            && self.controls.is_empty();
        let Arena::Own(bytes) = &mut self.arena else { return None };
        if !plain || self.messages == 0 {
            return None;
        }
        self.len = 0;
        let bytes = std::mem::replace(bytes, std::mem::take(memory));
        Some(Short { bytes, messages: std::mem::take(&mut self.messages) })
    }

    /// What [`Chunk::take_short`] took.
    pub(super) fn of_short(bytes: Tape, messages: usize) -> Self {
        Self { len: bytes.len(), arena: Arena::Own(bytes), messages, ..Self::default() }
    }

    pub(super) fn is_shared(&self) -> bool {
        matches!(self.arena, Arena::Shared(_))
    }

    /// Takes the bytes of a chunk of which nothing was written; it is empty then.
    pub(super) fn take_content(&mut self) -> (Bytes, Vec<(usize, Bytes)>) {
        debug_assert!(self.written.offset == 0 && self.controls.is_empty() && self.opaque == 0);
        let Self { arena, bodies, .. } = std::mem::take(self);
        let arena = match arena {
            Arena::Own(bytes) => bytes.into_bytes(),
            Arena::Shared(bytes) => bytes,
        };
        (arena, bodies)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn remaining(&self) -> usize {
        self.len - self.written.offset
    }

    pub(super) fn is_done(&self) -> bool {
        self.written.offset == self.len
    }

    #[inline]
    pub(super) fn messages(&self) -> usize {
        self.messages
    }

    pub(super) fn heartbeats(&self) -> usize {
        self.heartbeats
    }

    #[inline]
    pub(super) fn push_message(&mut self, format: FrameFormat, message: &Message) {
        self.messages += 1;
        match message.frames() {
            [] => self.push_frame(format, &Frame::new(), false),
            [only] => self.push_frame(format, only, false),
            frames => {
                let last = frames.len() - 1;
                frames.iter().enumerate().for_each(|(at, frame)| self.push_frame(format, frame, at < last));
            }
        }
    }

    /// Adds a message of an empty delimiter and this body.
    #[inline]
    pub(super) fn push_delimited(&mut self, format: FrameFormat, body: &Frame) {
        self.messages += 1;
        self.push_frame(format, &Frame::new(), true);
        self.push_frame(format, body, false);
    }

    /// Adds a message of one frame, which is not to be referenced.
    #[inline(always)]
    pub(super) fn push_body(&mut self, format: FrameFormat, body: &[u8]) {
        debug_assert!(body.len() < REFERENCED);
        let arena = self.arena.own();
        let before = arena.len();
        push_body(arena, format, body, false);
        self.len += arena.len() - before;
        self.messages += 1;
    }

    /// The same for at most [`INLINE`] bytes, if nothing has to be done first; says whether it did.
    #[inline(always)]
    pub(super) fn push_short(&mut self, body: &[u8]) -> bool {
        let Arena::Own(arena) = &mut self.arena else { return false };
        let pushed = arena.extend_short(frame::short_header(body.len() as u8, false), body);
        if pushed {
            self.len += frame::SHORT_HEADER + body.len();
            self.messages += 1;
        }
        pushed
    }

    /// The same for a longer body that is not to be referenced.
    #[inline(always)]
    pub(super) fn push_longer(&mut self, body: &[u8]) -> bool {
        let Arena::Own(arena) = &mut self.arena else { return false };
        let (header, pushed) = match u8::try_from(body.len()) {
            Ok(length) => (
                frame::SHORT_HEADER,
                arena.extend_framed_within(|place| *place = frame::short_header(length, false), body),
            ),
            Err(_) => (
                frame::LONG_HEADER,
                arena.extend_framed_within(|place| frame::write_long_header(place, 0, body.len()), body),
            ),
        };
        if pushed {
            self.len += header + body.len();
            self.messages += 1;
        }
        pushed
    }

    #[inline]
    fn push_frame(&mut self, format: FrameFormat, frame: &Frame, more: bool) {
        let before = self.arena.len();
        push_frame(self.arena.own(), &mut self.bodies, format, frame, more);
        self.len += self.arena.len() - before;
        if frame.len() >= REFERENCED {
            self.len += frame.len();
        }
    }

    pub(super) fn push_encoded(&mut self, encoded: &Encoded) {
        let base = self.arena.len();
        self.arena.own().extend_from_slice(&encoded.arena);
        self.bodies.extend(encoded.bodies.iter().map(|(at, body)| (base + at, body.clone())));
        self.len += encoded.len();
        self.messages += 1;
    }

    /// Adds a frame that is not a user message: a command, or a subscription in message form.
    pub(super) fn push_control(&mut self, format: FrameFormat, command: bool, parts: &[&[u8]]) {
        if !command {
            self.controls.push(self.arena.len());
        }
        let length = parts.iter().map(|part| part.len()).sum();
        let (header, size) = format.header(length, false, command);
        let arena = self.arena.own();
        arena.extend_from_slice(&header[..size]);
        parts.iter().for_each(|part| arena.extend_from_slice(part));
        self.len += size + length;
    }

    pub(super) fn push_heartbeat(&mut self, format: FrameFormat, parts: &[&[u8]]) {
        self.heartbeats += 1;
        self.push_control(format, true, parts);
    }

    /// Adds greeting or handshake bytes. They come before all frames.
    pub(super) fn push_opaque(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.opaque, self.len, "the handshake precedes all messages");
        self.arena.own().extend_from_slice(bytes);
        self.opaque = self.arena.len();
        self.len = self.opaque;
    }

    /// Appends a chunk of which nothing was written, copying its arena.
    pub(super) fn absorb(&mut self, other: &mut Self) {
        debug_assert!(other.written.offset == 0 && (other.opaque == 0 || self.opaque == self.len));
        let base = self.arena.len();
        self.arena.own().extend_from_slice(&other.arena);
        self.bodies.extend(other.bodies.drain(..).map(|(at, body)| (base + at, body)));
        self.controls.extend(other.controls.drain(..).map(|at| base + at));
        if other.opaque > 0 {
            self.opaque = base + other.opaque;
        }
        self.len += other.len;
        self.messages += other.messages;
        self.heartbeats += other.heartbeats;
        other.clear();
    }

    /// Forgets everything and keeps the memory.
    pub(super) fn clear(&mut self) {
        let Self { arena, bodies, controls, .. } = std::mem::take(self);
        *self = Self { arena, bodies, controls, ..Self::default() };
        self.arena.own().clear();
        self.bodies.clear();
        self.controls.clear();
    }

    /// The bytes not yet written, as slices; returns how many entries of `out` were filled.
    pub(super) fn slices<'a>(&'a self, out: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        let mut at = self.written;
        for slot in out {
            let run = self.run(at);
            if run.is_empty() {
                break;
            }
            *slot = IoSlice::new(run);
            filled += 1;
            self.forward(&mut at, run.len());
        }
        filled
    }

    /// Notes that the kernel took `count` more bytes, at most what remains.
    pub(super) fn advance(&mut self, count: usize) {
        let mut at = self.written;
        self.forward(&mut at, count);
        self.written = at;
    }

    /// Counts the user messages completed by the writes since the last call.
    pub(super) fn settle(&mut self, format: FrameFormat) -> usize {
        if self.is_done() {
            self.start = self.written;
            return std::mem::take(&mut self.messages);
        }
        let mut completed = 0;
        while let Some(item) = self.item(format, self.start) {
            if item.end.offset > self.written.offset {
                break;
            }
            completed += usize::from(item.user);
            self.start = item.end;
        }
        self.messages -= completed;
        completed
    }

    /// Decodes the user messages that are not completely written, as of the last [`settle`](Chunk::settle).
    pub(super) fn unsent(&self, format: FrameFormat, out: &mut Vec<Message>) {
        let mut at = self.start;
        while let Some(item) = self.item(format, at) {
            if item.user {
                out.push(self.decode(format, at));
            }
            at = item.end;
        }
    }

    /// The item that starts at `at`: the handshake, a control frame, or all frames of one user message.
    fn item(&self, format: FrameFormat, at: Cursor) -> Option<Item> {
        if at.arena < self.opaque {
            let mut end = at;
            self.forward(&mut end, self.opaque - at.arena);
            return Some(Item { end, user: false });
        }
        let marked = self.controls.binary_search(&at.arena).is_ok();
        let mut end = at;
        loop {
            let header = self.header(format, end)?;
            self.forward(&mut end, header.size + header.length);
            if header.command || !header.more {
                return Some(Item { end, user: !header.command && !marked });
            }
        }
    }

    /// The user message whose first frame starts at `at`.
    fn decode(&self, format: FrameFormat, mut at: Cursor) -> Message {
        let mut frames = Vec::new();
        while let Some(header) = self.header(format, at) {
            let body = at.arena + header.size;
            frames.push(match self.bodies.get(at.bodies) {
                Some((position, bytes)) if *position == body => Frame::from(bytes.clone()),
                _ => Frame::copy_from_slice(self.arena.get(body..body + header.length).unwrap_or_default()),
            });
            self.forward(&mut at, header.size + header.length);
            if !header.more {
                break;
            }
        }
        Message::from(frames)
    }

    fn header(&self, format: FrameFormat, at: Cursor) -> Option<Header> {
        format.parse(self.arena.get(at.arena..)?).ok().flatten()
    }

    /// The contiguous bytes from `at` to the next splice or the end.
    fn run(&self, at: Cursor) -> &[u8] {
        match self.bodies.get(at.bodies) {
            Some((position, body)) if *position == at.arena => &body[at.body..],
            Some((position, _)) => &self.arena[at.arena..*position],
            None => &self.arena[at.arena..],
        }
    }

    /// Moves a cursor `count` bytes on, at most to the end.
    fn forward(&self, at: &mut Cursor, mut count: usize) {
        while count > 0 {
            let run = self.run(*at).len();
            let step = run.min(count);
            if step == 0 {
                break;
            }
            let in_body = self.bodies.get(at.bodies).is_some_and(|(position, _)| *position == at.arena);
            if !in_body {
                at.arena += step;
            } else if step == run {
                at.bodies += 1;
                at.body = 0;
            } else {
                at.body += step;
            }
            at.offset += step;
            count -= step;
        }
    }
}

/// Encodes one frame behind what is there.
#[inline]
pub(super) fn push_frame(
    arena: &mut Tape,
    bodies: &mut Vec<(usize, Bytes)>,
    format: FrameFormat,
    frame: &Frame,
    more: bool,
) {
    if let (FrameFormat::V2, Some((chunk, length))) = (format, frame.as_chunk()) {
        arena.extend_with(|place| frame::write_small(place, chunk, length, more));
        arena.truncate(arena.len() - (INLINE - usize::from(length)));
        return;
    }
    if frame.len() < REFERENCED {
        return push_body(arena, format, frame, more);
    }
    let (header, size) = format.header(frame.len(), more, false);
    arena.extend_from_slice(&header[..size]);
    bodies.push((arena.len(), frame.to_bytes()));
}

/// Encodes a frame that is copied.
#[inline(always)]
fn push_body(arena: &mut Tape, format: FrameFormat, body: &[u8], more: bool) {
    match (format, <&[u8; INLINE]>::try_from(body)) {
        (FrameFormat::V2, Ok(whole)) => {
            arena.extend_with(|place| frame::write_small(place, whole, INLINE as u8, more));
        }
        _ => push_body_of_any_length(arena, format, body, more),
    }
}

#[inline(never)]
fn push_body_of_any_length(arena: &mut Tape, format: FrameFormat, body: &[u8], more: bool) {
    match (format, u8::try_from(body.len())) {
        (FrameFormat::V2, Ok(length)) => {
            arena.extend_framed(|place| *place = frame::short_header(length, more), body);
        }
        (FrameFormat::V2, Err(_)) => {
            arena.extend_framed(|place| frame::write_long_header(place, u8::from(more), body.len()), body);
        }
        (FrameFormat::V1, _) => {
            let (header, size) = format.header(body.len(), more, false);
            arena.extend_from_slice(&header[..size]);
            arena.extend_from_slice(body);
        }
    }
}
