//! Bodies that stay where they were read: a counted reference to the read buffer.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::slab;

/// A piece of a read buffer that messages refer to, and its place among those that may be kept. The last of the messages gives
/// it back.
#[derive(Debug)]
pub(crate) struct Kept {
    bytes: Bytes,
    _counted: Arc<()>,
}

impl Kept {
    pub(crate) fn new(bytes: Bytes, counted: Arc<()>) -> Arc<Self> {
        Arc::new(Self { bytes, _counted: counted })
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        slab::keep_piece(std::mem::take(&mut self.bytes));
    }
}

/// A body in such a piece. A [`Bytes`] would change words of it after it has written them; to move them on at once would have
/// to wait until they are in the cache.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    piece: Arc<Kept>,
    at: usize,
    length: usize,
}

impl Slice {
    /// The bytes of a piece within `range`; `None` if that is not within the piece.
    #[inline(always)]
    pub(crate) fn new(piece: &Arc<Kept>, range: Range<usize>) -> Option<Self> {
        let Range { start, end } = range;
        (start <= end && end <= piece.len()).then(|| Self {
            piece: Arc::clone(piece),
            at: start,
            length: end - start,
        })
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.piece.bytes.get(self.at..self.at + self.length).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl From<Slice> for Bytes {
    fn from(slice: Slice) -> Self {
        Bytes::from_owner(slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_stays_within_its_piece() {
        let counted = Arc::new(());
        let piece = Kept::new(Bytes::from_static(b"0123456789"), Arc::clone(&counted));
        let slice = Slice::new(&piece, 3..7).unwrap();
        assert_eq!((slice.as_slice(), &Bytes::from(slice.clone())[..]), (&b"3456"[..], &b"3456"[..]));
        assert!(Slice::new(&piece, 7..11).is_none());
        drop(piece);
        assert_eq!((slice.as_slice(), Arc::strong_count(&counted)), (&b"3456"[..], 2));
        drop(slice);
        assert_eq!(Arc::strong_count(&counted), 1);
    }
}
