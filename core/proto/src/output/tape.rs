//! Bytes that grow at their end, for encoding: memory that is there already, and a position in it. To add a few bytes is
//! one comparison and a copy, part of whatever encodes them.

use std::ops::Deref;

use bytes::Bytes;

use crate::message::copy_fresh;

/// The least memory there is, once there is any.
const LEAST: usize = 64;

/// What a `Vec` does too, but each of its calls would count, check and write more than the bytes of a small message do.
#[derive(Clone, Debug, Default)]
pub(super) struct Tape {
    /// All of it may be written; what lies behind `used` means nothing.
    memory: Vec<u8>,
    used: usize,
}

impl Tape {
    /// The bytes of others, to add to them.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { memory: bytes.to_vec(), used: bytes.len() }
    }

    /// Adds bytes.
    #[inline(always)]
    pub(super) fn extend_from_slice(&mut self, bytes: &[u8]) {
        let end = self.used + bytes.len();
        match self.memory.get_mut(self.used..end) {
            Some(place) => place.copy_from_slice(bytes),
            None => self.make_room(end)[..bytes.len()].copy_from_slice(bytes),
        }
        self.used = end;
    }

    /// Adds bytes that their owner may just have begun to change.
    #[inline(always)]
    pub(super) fn extend_fresh(&mut self, bytes: &[u8]) {
        let end = self.used + bytes.len();
        match self.memory.get_mut(self.used..end) {
            Some(place) => copy_fresh(place, bytes),
            None => self.make_room(end)[..bytes.len()].copy_from_slice(bytes),
        }
        self.used = end;
    }

    /// Adds `N` bytes that `write` writes.
    #[inline(always)]
    pub(super) fn extend_with<const N: usize>(&mut self, write: impl FnOnce(&mut [u8; N])) {
        let end = self.used + N;
        if self.memory.len() < end {
            self.make_room(end);
        }
        if let Some(place) = self.memory.get_mut(self.used..).and_then(|rest| rest.first_chunk_mut()) {
            write(place);
            self.used = end;
        }
    }

    /// Makes so much memory, or more; what is behind the bytes that are there.
    #[cold]
    fn make_room(&mut self, end: usize) -> &mut [u8] {
        self.memory.resize(end.max(2 * self.memory.len()).max(LEAST), 0);
        &mut self.memory[self.used..]
    }

    /// Forgets all but the first `len` bytes.
    #[inline(always)]
    pub(super) fn truncate(&mut self, len: usize) {
        self.used = self.used.min(len);
    }

    /// Forgets all bytes and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.used = 0;
    }

    pub(super) fn capacity(&self) -> usize {
        self.memory.capacity()
    }

    /// The bytes, for many to refer to.
    pub(super) fn into_bytes(mut self) -> Bytes {
        self.memory.truncate(self.used);
        Bytes::from(self.memory)
    }
}

impl Deref for Tape {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.memory.get(..self.used).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_like_a_vec() {
        let (mut tape, mut expected) = (Tape::default(), Vec::new());
        for round in 0..3 {
            for length in 0..200 {
                let bytes = vec![length as u8 ^ round; length];
                tape.extend_from_slice(&bytes);
                tape.extend_fresh(&bytes);
                expected.extend_from_slice(&bytes.repeat(2));
                tape.extend_with(|place: &mut [u8; 3]| *place = [1, 2, round]);
                expected.extend_from_slice(&[1, 2, round]);
                assert_eq!(&tape[..], &expected[..]);
                let keep = expected.len() - length / 2;
                tape.truncate(keep);
                expected.truncate(keep);
            }
            assert_eq!(tape.clone().into_bytes(), expected);
            assert_eq!(&Tape::of(&tape)[..], &expected[..]);
            tape.clear();
            expected.clear();
            assert!(tape.is_empty() && tape.capacity() > 0);
        }
    }
}
