//! Slabs: memory that a stream is read into. Messages may refer to a slab, so it is free again when the last of them is gone;
//! then the thread that let go of it keeps it for its next read, whichever peer that is from.

use std::cell::RefCell;

use bytes::{Bytes, BytesMut};

/// Free slabs a thread keeps.
const KEPT: usize = 8;

/// Larger slabs are not kept: those held one large body.
const LARGEST: usize = 512 * 1024;

thread_local! {
    static FREE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// The memory of a new slab, unless more is asked of it.
const SIZE: usize = 132 * 1024;

/// A slab that holds `rest`, with room for `additional` bytes behind it: the slab of `rest` itself, if nothing refers to the
/// bytes before it, or else a free one.
pub fn with_room(mut rest: BytesMut, additional: usize) -> BytesMut {
    if rest.try_reclaim(additional) {
        return rest;
    }
    let needed = rest.len() + additional;
    let mut slab = FREE.try_with(|free| free.borrow_mut().pop()).ok().flatten().unwrap_or_default();
    if !slab.try_reclaim(needed) {
        slab = BytesMut::with_capacity(needed.max(SIZE));
    }
    if !rest.is_empty() {
        slab.extend_from_slice(&rest);
        keep(rest);
    }
    slab
}

/// A slab is not needed here any more, and what is in it neither.
pub fn keep(mut slab: BytesMut) {
    slab.clear();
    if !slab.try_reclaim(SIZE) || slab.capacity() > LARGEST {
        return;
    }
    let _ = FREE.try_with(|free| {
        let mut free = free.borrow_mut();
        if free.len() < KEPT {
            free.push(slab);
        }
    });
}

/// The same for a piece of one: the last piece gives it back.
pub(crate) fn keep_piece(bytes: Bytes) {
    if let Ok(slab) = bytes.try_into_mut() {
        keep(slab);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slab_is_used_again_when_nothing_refers_to_it() {
        let mut slab = with_room(BytesMut::new(), 64 * 1024);
        let memory = slab.as_ptr();
        slab.extend_from_slice(b"messages and a rest");
        let messages = slab.split_to(13).freeze();
        let other = with_room(slab, SIZE);
        assert_eq!(&other[..], b"a rest");
        assert_ne!(other.as_ptr(), memory, "the messages are still there");
        assert_eq!(&messages[..], b"messages and ");
        keep_piece(messages);
        let again = with_room(BytesMut::new(), SIZE);
        assert_eq!((again.as_ptr(), again.len()), (memory, 0), "the last piece gave it back");
    }

    #[test]
    fn its_own_slab_serves_a_rest_that_is_alone() {
        let mut slab = with_room(BytesMut::new(), 64 * 1024);
        let memory = slab.as_ptr();
        slab.extend_from_slice(b"messages and a rest");
        drop(slab.split_to(13));
        let slab = with_room(slab, SIZE - 6);
        assert_eq!((slab.as_ptr(), &slab[..]), (memory, &b"a rest"[..]));
    }

    #[test]
    fn large_and_small_memory_is_not_kept() {
        for size in [SIZE - 1, LARGEST + 1] {
            keep(BytesMut::with_capacity(size));
        }
        FREE.with(|free| assert!(free.borrow().is_empty()));
        (0..2 * KEPT).for_each(|_| keep(BytesMut::with_capacity(SIZE)));
        FREE.with(|free| assert_eq!(free.borrow().len(), KEPT));
    }
}
