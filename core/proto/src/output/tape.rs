//! Bytes that grow at their end, for encoding: memory that is there already, and a position in it. To add a few bytes is
//! one comparison and a copy, part of whatever encodes them.

use std::ops::Deref;

use bytes::Bytes;

use crate::message::{INLINE, copy_fresh, copy_short};
use crate::wire::frame::SHORT_HEADER;

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

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.used
    }

    /// Adds bytes.
    #[inline(always)]
    pub(super) fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.place(bytes.len()).copy_from_slice(bytes);
        self.used += bytes.len();
    }

    /// Adds `N` bytes that `write` writes.
    #[inline(always)]
    pub(super) fn extend_with<const N: usize>(&mut self, write: impl FnOnce(&mut [u8; N])) {
        if let Some(place) = self.place(N).first_chunk_mut() {
            write(place);
            self.used += N;
        }
    }

    /// Adds `N` bytes that `write` writes, and bytes that their owner may just have begun to change.
    #[inline(always)]
    pub(super) fn extend_framed<const N: usize>(&mut self, write: impl FnOnce(&mut [u8; N]), body: &[u8]) {
        if let Some((header, rest)) = self.place(N + body.len()).split_first_chunk_mut() {
            write(header);
            copy_fresh(rest, body);
            self.used += N + body.len();
        }
    }

    /// The same, if the memory is there; says whether it did.
    #[inline(always)]
    pub(super) fn extend_framed_within<const N: usize>(
        &mut self,
        write: impl FnOnce(&mut [u8; N]),
        body: &[u8],
    ) -> bool {
        let room = self.memory.get_mut(self.used..).and_then(<[u8]>::split_first_chunk_mut);
        let Some((header, rest)) = room else { return false };
        let Some(place) = rest.get_mut(..body.len()) else { return false };
        write(header);
        copy_fresh(place, body);
        self.used += N + body.len();
        true
    }

    /// The same for a short header and at most [`INLINE`] bytes, without a call, if there is memory for as many; says whether
    /// it did.
    #[inline(always)]
    pub(super) fn extend_short(&mut self, header: [u8; SHORT_HEADER], body: &[u8]) -> bool {
        let room = self.memory.get_mut(self.used..).and_then(<[u8]>::first_chunk_mut);
        let Some(room) = room.map(|room: &mut [u8; SHORT_HEADER + INLINE]| room.split_at_mut(SHORT_HEADER))
        else {
            return false;
        };
        room.0.copy_from_slice(&header);
        let Some(place) = room.1.first_chunk_mut() else { return false };
        let copied = match <&[u8; INLINE]>::try_from(body) {
            Ok(whole) => copy_short(place, whole),
            Err(_) => copy_short(place, body),
        };
        if copied.is_some() {
            self.used += SHORT_HEADER + body.len();
        }
        copied.is_some()
    }

    /// Room for so many bytes behind those that are there.
    #[inline(always)]
    fn place(&mut self, length: usize) -> &mut [u8] {
        if self.memory.len().saturating_sub(self.used) < length {
            self.make_room(self.used + length);
        }
        self.memory.get_mut(self.used..).and_then(|rest| rest.get_mut(..length)).unwrap_or_default()
    }

    /// Makes so much memory, or more.
    #[cold]
    fn make_room(&mut self, end: usize) {
        self.memory.resize(end.max(2 * self.memory.len()).max(LEAST), 0);
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
        let (mut tape, mut expected, mut short) = (Tape::default(), Vec::new(), 0);
        for round in 0..3 {
            for length in 0..200 {
                let bytes = vec![length as u8 ^ round; length];
                tape.extend_from_slice(&bytes);
                expected.extend_from_slice(&bytes);
                tape.extend_framed(|place: &mut [u8; 2]| *place = [3, round], &bytes);
                expected.extend_from_slice(&[3, round]);
                expected.extend_from_slice(&bytes);
                if tape.extend_short([4, round], &bytes) {
                    expected.extend_from_slice(&[4, round]);
                    expected.extend_from_slice(&bytes);
                    short += 1;
                }
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
        assert!((150..=195).contains(&short), "65 lengths in 3 rounds, nearly always: {short} times");
    }
}
