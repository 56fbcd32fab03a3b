//! One part of a message: short bodies inline, long ones counted references.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use bytes::{Bytes, BytesMut};

use super::Slice;
use super::copy::copy_fresh;
use super::length::Length;

/// Longest body, in bytes, that is stored inside the [`Frame`] value itself.
pub const INLINE: usize = 64;

/// One part of a message: an immutable run of bytes.
///
/// Cloning never copies more than 72 bytes: a body above [`INLINE`] bytes is a counted reference.
#[derive(Clone)]
pub struct Frame(Repr);

#[derive(Clone)]
enum Repr {
    Inline(Inline),
    Shared(Bytes),
    Slice(Slice),
}

/// Whole aligned words, see [`Length`]. The body comes first, so that a copy of the frame reads it in the pieces it was
/// written in: a piece that spans two of them would have to wait until both are in the cache.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Inline {
    data: [u8; INLINE],
    length: Length,
}

// Large enough for the 64-byte bodies that small messages so often have, and not larger.
const _: () = assert!(size_of::<Frame>() == 72);

impl Frame {
    /// An empty frame.
    #[inline]
    pub const fn new() -> Self {
        Self(Repr::Inline(Inline { data: [0; INLINE], length: Length::L0 }))
    }

    /// Copies `bytes`: inline when short, otherwise into an allocation of exactly that size.
    #[inline(always)]
    pub fn copy_from_slice(bytes: &[u8]) -> Self {
        // The first of these goes through registers.
        match <&[u8; INLINE]>::try_from(bytes) {
            Ok(whole) => Self::from_whole(whole),
            Err(_) if bytes.len() < INLINE => Self::from_chunk(&chunk(bytes), bytes.len() as u8),
            Err(_) => Self(Repr::Shared(Bytes::copy_from_slice(bytes))),
        }
    }

    /// The first `len` bytes of `source` inline, or `None` when they are too many or not there.
    #[inline]
    pub(crate) fn inline_prefix(source: &[u8], len: usize) -> Option<Self> {
        let body = source.get(..len).filter(|_| len <= INLINE)?;
        Some(Self(Repr::Inline(Inline { data: chunk(body), length: Length::new(len) })))
    }

    /// A body of exactly the length that is inline.
    #[inline(always)]
    pub(super) fn from_whole(body: &[u8; INLINE]) -> Self {
        let mut data = [0; INLINE];
        copy_fresh(&mut data, body);
        Self(Repr::Inline(Inline { data, length: Length::new(INLINE) }))
    }

    /// The first `len` bytes of `chunk`, at most all of them. One copy of fixed size costs less than one whose length is
    /// only known at run time; the surplus is never visible.
    #[inline(always)]
    pub(crate) fn from_chunk(chunk: &[u8; INLINE], len: u8) -> Self {
        Self(Repr::Inline(Inline { data: *chunk, length: Length::new(usize::from(len)) }))
    }

    /// A body that stays where it was read.
    #[inline(always)]
    pub(crate) fn from_slice(slice: Slice) -> Self {
        Self(Repr::Slice(slice))
    }

    /// The first `len` bytes of `chunk` in the place of another frame: nothing but the bytes is moved.
    #[inline(always)]
    pub(crate) fn put_chunk(&mut self, chunk: &[u8; INLINE], len: u8) {
        if !matches!(self.0, Repr::Inline(_)) {
            self.clear();
        }
        if let Repr::Inline(inline) = &mut self.0 {
            *inline = Inline { data: *chunk, length: Length::new(usize::from(len)) };
        }
    }

    /// Becomes a body that stays where it was read.
    #[inline]
    pub(super) fn put_slice(&mut self, slice: Slice) {
        if !matches!(self.0, Repr::Inline(_)) {
            self.clear();
        }
        if matches!(self.0, Repr::Inline(_)) {
            // Nothing to be dropped is in its place.
            self.0 = Repr::Slice(slice);
        }
    }

    #[cold]
    fn clear(&mut self) {
        *self = Self::new();
    }

    /// An inline body with what lies behind it, for a copy of fixed size, and its length.
    #[inline(always)]
    pub(crate) fn as_chunk(&self) -> Option<(&[u8; INLINE], u8)> {
        match &self.0 {
            Repr::Inline(Inline { data, length }) => Some((data, length.get() as u8)),
            Repr::Shared(_) | Repr::Slice(_) => None,
        }
    }

    /// The body, if it is stored inside.
    #[inline(always)]
    pub(super) fn inline_body(&self) -> Option<&[u8]> {
        match &self.0 {
            Repr::Inline(Inline { data, length }) => Some(&data[..length.get()]),
            Repr::Shared(_) | Repr::Slice(_) => None,
        }
    }

    /// The body.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline(Inline { data, length }) => &data[..length.get()],
            Repr::Shared(bytes) => bytes,
            Repr::Slice(slice) => slice.as_slice(),
        }
    }

    /// The body as a counted reference. Only an inline body is copied.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Repr::Inline(Inline { data, length }) => Bytes::copy_from_slice(&data[..length.get()]),
            Repr::Shared(bytes) => bytes,
            Repr::Slice(slice) => Bytes::from(slice),
        }
    }

    /// Another reference to the body. Only an inline body is copied.
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Repr::Inline(_) => Bytes::copy_from_slice(self),
            Repr::Shared(bytes) => bytes.clone(),
            Repr::Slice(slice) => Bytes::from(slice.clone()),
        }
    }
}

/// At most [`INLINE`] bytes, and zeros behind them. The two copies of fixed size, which may overlap, cost less than one
/// whose size is only known at run time.
#[inline(always)]
fn chunk(body: &[u8]) -> [u8; INLINE] {
    let mut chunk = [0; INLINE];
    macro_rules! copy {
        ($($size:literal)*) => {
            match body.len() {
                $($size.. => if let (Some(head), Some(tail)) = (body.first_chunk::<$size>(), body.last_chunk::<$size>()) {
                    let end = body.len().min(INLINE);
                    chunk[..$size].copy_from_slice(head);
                    chunk[end - $size..end].copy_from_slice(tail);
                })*
                0 => {}
            }
        };
    }
    copy!(32 16 8 4 2 1);
    chunk
}

impl Default for Frame {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Frame {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for Frame {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Borrow<[u8]> for Frame {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl Hash for Frame {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl Eq for Frame {}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for Frame {
    fn eq(&self, other: &T) -> bool {
        self.as_slice() == other.as_ref()
    }
}

/// Length, then at most the first 16 bytes: a log line must not carry megabytes.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self[..self.len().min(16)];
        let more = if shown.len() < self.len() { "…" } else { "" };
        write!(f, "Frame({}, \"{}{more}\")", self.len(), shown.escape_ascii())
    }
}

impl From<Bytes> for Frame {
    #[inline]
    fn from(bytes: Bytes) -> Self {
        match Self::inline_prefix(&bytes, bytes.len()) {
            Some(frame) => frame,
            None => Self(Repr::Shared(bytes)),
        }
    }
}

impl From<Vec<u8>> for Frame {
    #[inline]
    fn from(bytes: Vec<u8>) -> Self {
        match Self::inline_prefix(&bytes, bytes.len()) {
            Some(frame) => frame,
            None => Self(Repr::Shared(Bytes::from(bytes))),
        }
    }
}

impl From<BytesMut> for Frame {
    fn from(bytes: BytesMut) -> Self {
        Self::from(bytes.freeze())
    }
}

impl From<Box<[u8]>> for Frame {
    fn from(bytes: Box<[u8]>) -> Self {
        Self::from(bytes.into_vec())
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<&[u8]> for Frame {
    #[inline(always)]
    fn from(bytes: &[u8]) -> Self {
        Self::copy_from_slice(bytes)
    }
}

impl From<&str> for Frame {
    #[inline]
    fn from(text: &str) -> Self {
        Self::copy_from_slice(text.as_bytes())
    }
}

impl<const N: usize> From<&[u8; N]> for Frame {
    #[inline]
    fn from(bytes: &[u8; N]) -> Self {
        Self::copy_from_slice(bytes)
    }
}

impl<const N: usize> From<[u8; N]> for Frame {
    #[inline]
    fn from(bytes: [u8; N]) -> Self {
        Self::copy_from_slice(&bytes)
    }
}

impl From<&Vec<u8>> for Frame {
    fn from(bytes: &Vec<u8>) -> Self {
        Self::copy_from_slice(bytes)
    }
}

impl From<Cow<'_, [u8]>> for Frame {
    fn from(bytes: Cow<'_, [u8]>) -> Self {
        match bytes {
            Cow::Borrowed(bytes) => Self::copy_from_slice(bytes),
            Cow::Owned(bytes) => Self::from(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_inline(frame: &Frame) -> bool {
        matches!(frame.0, Repr::Inline(_))
    }

    #[test]
    fn short_bodies_are_inline_and_long_ones_shared() {
        for len in 0..=200 {
            let body: Vec<u8> = (0..len).map(|byte| byte as u8).collect();
            for frame in
                [Frame::from(&body[..]), Frame::from(body.clone()), Frame::from(Bytes::from(body.clone()))]
            {
                assert_eq!(frame, body);
                assert_eq!(is_inline(&frame), len <= INLINE);
                assert_eq!(frame.clone().into_bytes(), body);
                assert_eq!(frame.to_bytes(), body);
            }
        }
    }

    #[test]
    fn a_prefix_shows_no_byte_beyond_its_length() {
        let source: Vec<u8> = (0..100).collect();
        for len in 0..=INLINE {
            assert_eq!(
                Frame::inline_prefix(&source, len).map(|frame| frame.to_vec()),
                Some(source[..len].to_vec())
            );
        }
        assert!(Frame::inline_prefix(&source, INLINE + 1).is_none());
        assert!(Frame::inline_prefix(&source[..4], 5).is_none());
    }

    #[test]
    fn debug_is_short() {
        assert_eq!(format!("{:?}", Frame::from("hi")), "Frame(2, \"hi\")");
        assert!(format!("{:?}", Frame::from(vec![b'x'; 1 << 20])).len() < 40);
    }
}
