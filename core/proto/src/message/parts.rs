//! A whole message: one frame without allocation, or several.

use std::fmt;
use std::mem::MaybeUninit;

use bytes::Bytes;
use thin_vec::{ThinVec, thin_vec};

use super::{Frame, INLINE, Slice};

/// A whole message of one or more frames. It is sent and received whole or not at all.
///
/// Only [`pop_front`](Message::pop_front) can leave a message without frames; such a remainder is encoded as one empty
/// frame, since ZMTP has no message of no frames.
#[derive(Clone)]
pub struct Message(Repr);

#[derive(Clone)]
enum Repr {
    Single(Frame),
    /// Two frames or more when built; any number after frames were taken off or put in front. A `Vec` would be dropped where
    /// the message is, and a message of one frame would pay for what that needs.
    Parts(ThinVec<Frame>),
}

// The niche of the frame's tag is used: a message of one frame costs no byte more than the frame.
const _: () = assert!(size_of::<Message>() == size_of::<Frame>());

impl Message {
    /// A message of one empty frame.
    #[inline]
    pub const fn new() -> Self {
        Self(Repr::Single(Frame::new()))
    }

    /// Writes a message of one frame, a copy of `body`, where no message is yet: nothing is moved.
    #[inline(always)]
    pub fn write<'a>(place: &'a mut MaybeUninit<Self>, body: &[u8]) -> &'a mut Self {
        match <&[u8; INLINE]>::try_from(body) {
            Ok(whole) => Self::write_whole(place, whole),
            Err(_) => place.write(Self::from(body)),
        }
    }

    /// The same for a body of the longest length that is inside the message.
    #[inline(always)]
    pub fn write_whole<'a>(place: &'a mut MaybeUninit<Self>, body: &[u8; INLINE]) -> &'a mut Self {
        place.write(Self::from(Frame::from_whole(body)))
    }

    /// A message of these frames, in order. No frames give one empty frame.
    pub fn from_frames<I>(frames: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Frame>,
    {
        let mut frames = frames.into_iter().map(Into::into);
        let Some(first) = frames.next() else { return Self::new() };
        let Some(second) = frames.next() else { return Self::from(first) };
        let mut parts = ThinVec::with_capacity(frames.size_hint().0.saturating_add(2));
        parts.extend([first, second]);
        parts.extend(frames);
        Self(Repr::Parts(parts))
    }

    /// Becomes a message of one frame, the first `len` bytes of `chunk`.
    #[inline(always)]
    pub(crate) fn put_chunk(&mut self, chunk: &[u8; INLINE], len: u8) {
        if let Repr::Parts(_) = self.0 {
            self.clear();
        }
        if let Repr::Single(frame) = &mut self.0 {
            frame.put_chunk(chunk, len);
        }
    }

    /// Becomes a message of one frame that stays where it was read.
    #[inline]
    pub(crate) fn put_slice(&mut self, slice: Slice) {
        if let Repr::Parts(_) = self.0 {
            self.clear();
        }
        if let Repr::Single(frame) = &mut self.0 {
            frame.put_slice(slice);
        }
    }

    #[cold]
    fn clear(&mut self) {
        *self = Self::new();
    }

    /// A list of one frame.
    pub(crate) fn listed(frame: Frame) -> Self {
        Self(Repr::Parts(thin_vec![frame]))
    }

    /// Whether it is one frame, and not a list of one.
    #[inline]
    pub(crate) fn is_single(&self) -> bool {
        matches!(self.0, Repr::Single(_))
    }

    /// The body, if it is one frame that is stored inside the message.
    #[inline(always)]
    pub(super) fn inline_body(&self) -> Option<&[u8]> {
        match &self.0 {
            Repr::Single(frame) => frame.inline_body(),
            Repr::Parts(_) => None,
        }
    }

    /// The frames, first to last.
    #[inline]
    pub fn frames(&self) -> &[Frame] {
        match &self.0 {
            Repr::Single(frame) => std::slice::from_ref(frame),
            Repr::Parts(frames) => frames,
        }
    }

    /// Number of frames.
    #[inline]
    pub fn len(&self) -> usize {
        self.frames().len()
    }

    /// Number of frames; the same as [`len`](Message::len), for readers who would take that for bytes.
    #[inline]
    pub fn frame_count(&self) -> usize {
        self.len()
    }

    /// Whether no frame is left. Only [`pop_front`](Message::pop_front) brings a message here.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.frames().is_empty()
    }

    /// Whether there is more than one frame.
    #[inline]
    pub fn is_multipart(&self) -> bool {
        self.len() > 1
    }

    /// The first frame's body: the whole body of a single-part message. Empty when no frame is left.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.frames().first().map_or(&[], |frame| frame)
    }

    /// Sum of all frames' lengths, in bytes.
    #[inline]
    pub fn total_bytes(&self) -> usize {
        self.frames().iter().map(|frame| frame.len()).sum()
    }

    /// Puts a frame before all others, such as ROUTER's routing id on receive.
    pub fn push_front(&mut self, frame: impl Into<Frame>) {
        let frame = frame.into();
        match &mut self.0 {
            Repr::Single(only) => {
                let only = std::mem::take(only);
                self.0 = Repr::Parts(thin_vec![frame, only]);
            }
            Repr::Parts(frames) => frames.insert(0, frame),
        }
    }

    /// Adds a frame after all others.
    pub fn push_back(&mut self, frame: impl Into<Frame>) {
        let frame = frame.into();
        match &mut self.0 {
            Repr::Single(only) => {
                let only = std::mem::take(only);
                self.0 = Repr::Parts(thin_vec![only, frame]);
            }
            Repr::Parts(frames) => frames.push(frame),
        }
    }

    /// Takes the first frame off, such as ROUTER's routing id on send. `None` when no frame is left.
    pub fn pop_front(&mut self) -> Option<Frame> {
        match &mut self.0 {
            Repr::Single(only) => {
                let only = std::mem::take(only);
                self.0 = Repr::Parts(ThinVec::new());
                Some(only)
            }
            Repr::Parts(frames) if frames.is_empty() => None,
            Repr::Parts(frames) => Some(frames.remove(0)),
        }
    }

    /// The frames by value, first to last.
    pub fn into_frames(self) -> Frames {
        Frames(match self.0 {
            Repr::Single(frame) => FramesRepr::Single(Some(frame)),
            Repr::Parts(frames) => FramesRepr::Parts(frames.into_iter()),
        })
    }
}

/// The frames of a message by value, see [`Message::into_frames`].
#[derive(Debug)]
pub struct Frames(FramesRepr);

#[derive(Debug)]
enum FramesRepr {
    Single(Option<Frame>),
    Parts(thin_vec::IntoIter<Frame>),
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        match &mut self.0 {
            FramesRepr::Single(frame) => frame.take(),
            FramesRepr::Parts(frames) => frames.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.0 {
            FramesRepr::Single(frame) => usize::from(frame.is_some()),
            FramesRepr::Parts(frames) => frames.len(),
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Frames {}

impl IntoIterator for Message {
    type Item = Frame;
    type IntoIter = Frames;

    fn into_iter(self) -> Frames {
        self.into_frames()
    }
}

impl<'a> IntoIterator for &'a Message {
    type Item = &'a Frame;
    type IntoIter = std::slice::Iter<'a, Frame>;

    fn into_iter(self) -> Self::IntoIter {
        self.frames().iter()
    }
}

impl<F: Into<Frame>> FromIterator<F> for Message {
    fn from_iter<I: IntoIterator<Item = F>>(frames: I) -> Self {
        Self::from_frames(frames)
    }
}

impl Default for Message {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.frames() == other.frames()
    }
}

impl Eq for Message {}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message")?;
        f.debug_list().entries(self.frames().iter().take(8)).finish()?;
        if self.len() > 8 { write!(f, "… {} frames", self.len()) } else { Ok(()) }
    }
}

impl From<Frame> for Message {
    #[inline]
    fn from(frame: Frame) -> Self {
        Self(Repr::Single(frame))
    }
}

macro_rules! single {
    ($([$($generics:tt)*] $from:ty),* $(,)?) => {$(
        impl<$($generics)*> From<$from> for Message {
            #[inline(always)]
            fn from(body: $from) -> Self {
                Self::from(Frame::from(body))
            }
        }
    )*};
}

single!([] &[u8], [] &str, [] String, [] Vec<u8>, [] &Vec<u8>, [] Box<[u8]>, [] Bytes, [] bytes::BytesMut,
    [const N: usize] &[u8; N], [const N: usize] [u8; N]);

macro_rules! parts {
    ($($part:ty),* $(,)?) => {$(
        impl From<Vec<$part>> for Message {
            fn from(frames: Vec<$part>) -> Self {
                Self::from_frames(frames)
            }
        }

        impl<const N: usize> From<[$part; N]> for Message {
            fn from(frames: [$part; N]) -> Self {
                Self::from_frames(frames)
            }
        }
    )*};
}

parts!(Vec<u8>, Bytes, String, &[u8], &str);

impl From<Vec<Frame>> for Message {
    fn from(mut frames: Vec<Frame>) -> Self {
        match frames.len() {
            0 => Self::new(),
            1 => Self::from(frames.pop().unwrap_or_default()),
            _ => Self(Repr::Parts(frames.into_iter().collect())),
        }
    }
}

impl<const N: usize> From<[Frame; N]> for Message {
    fn from(frames: [Frame; N]) -> Self {
        Self::from_frames(frames)
    }
}

impl From<&[&[u8]]> for Message {
    fn from(frames: &[&[u8]]) -> Self {
        Self::from_frames(frames.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_message_is_one_empty_frame() {
        let message = Message::new();
        assert_eq!((message.len(), message.total_bytes(), message.is_multipart()), (1, 0, false));
        assert_eq!(Message::from_frames(Vec::<Frame>::new()), message);
        assert_eq!(Message::from(Vec::<Frame>::new()), message);
    }

    #[test]
    fn frames_go_on_and_come_off_in_order() {
        let mut message = Message::from("body");
        message.push_front("");
        message.push_front("id");
        message.push_back("tail");
        assert_eq!(message, Message::from(["id", "", "body", "tail"]));
        assert_eq!(message.total_bytes(), 10);
        for expected in ["id", "", "body", "tail"] {
            assert_eq!(message.pop_front().as_deref(), Some(expected.as_bytes()));
        }
        assert!(message.is_empty() && message.pop_front().is_none());
        assert_eq!(message.bytes(), b"");
        message.push_back("again");
        assert_eq!(message, Message::from("again"));
    }

    #[test]
    fn a_single_frame_can_be_popped_and_iterated() {
        let mut message = Message::from(vec![7; 100]);
        assert_eq!(message.clone().into_frames().len(), 1);
        assert_eq!(message.pop_front().map(|frame| frame.len()), Some(100));
        assert_eq!(message.into_frames().count(), 0);
    }

    #[test]
    fn every_conversion_agrees() {
        let expected = Message::from_frames(["a", "bc"]);
        assert_eq!(Message::from(vec![b"a".to_vec(), b"bc".to_vec()]), expected);
        assert_eq!(Message::from([&b"a"[..], b"bc"]), expected);
        assert_eq!(Message::from(&[&b"a"[..], b"bc"][..]), expected);
        assert_eq!(Message::from(vec![Frame::from("a"), Frame::from("bc")]), expected);
        assert_eq!(expected.frames().iter().cloned().collect::<Message>(), expected);
        assert_eq!(Message::from(b"a"), Message::from(vec![Frame::from(b"a")]));
    }
}
