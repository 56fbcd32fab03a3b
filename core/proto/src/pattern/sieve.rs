//! A quick no: which topics no subscription can be a prefix of, found out in a megabyte instead of the whole tree.
//!
//! A Bloom filter over the beginnings of the stored keys. A key's *class* is its length, rounded down to a multiple of
//! four; a topic is looked up once for each class that has keys. Of shorter keys the first byte decides. A topic may pass
//! wrongly, it is never held back wrongly.
//! Whoever makes topics pass on purpose only makes them cost what they cost without a sieve.

/// What the sieve keeps of a key: its class, and a hash of that many of its bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark(u32);

/// The sieve. It grows too full with keys that are added and removed, and is then to be [made anew](Sieve::remade).
#[derive(Debug)]
pub(super) struct Sieve {
    /// Four bits of one word for each key; empty as long as everything passes.
    words: Vec<u64>,
    /// Which classes may have keys.
    classes: u32,
    /// With which bytes the keys of class 0 begin.
    short: [u64; 4],
    /// Keys added since it was made, and how many there may be.
    added: usize,
    capacity: usize,
}

/// With fewer keys than this the tree itself is in the cache.
const WORTH: usize = 2_048;
/// Bits for each key when it is full: about 3 of 100 pass wrongly then.
const BITS: usize = 10;
const STEP: usize = 4;
/// Of longer keys only so many bytes count.
const LONGEST: usize = 64;
const CLASS_BITS: u32 = 5;
/// The mark of the empty key, which a sieve has nothing to do with.
const EMPTY: u32 = 256 << CLASS_BITS;

impl Mark {
    pub(super) fn of(key: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        key.chunks_exact(STEP).take(LONGEST / STEP).for_each(|chunk| hasher.add(chunk));
        match key {
            [] => Self(EMPTY),
            [first, ..] if hasher.steps == 0 => Self(u32::from(*first) << CLASS_BITS),
            _ => hasher.mark(),
        }
    }

    fn class(self) -> u32 {
        self.0 & ((1 << CLASS_BITS) - 1)
    }

    /// The first byte of a key of class 0.
    fn first(self) -> usize {
        (self.0 >> CLASS_BITS) as usize
    }
}

impl Default for Sieve {
    fn default() -> Self {
        Self { words: Vec::new(), classes: 0, short: [0; 4], added: 0, capacity: WORTH }
    }
}

impl Sieve {
    /// A sieve for these `live` keys and at least as many more, or as many as are `expected`.
    pub(super) fn remade(marks: impl Iterator<Item = Mark>, live: usize, expected: usize) -> Self {
        let capacity = live + live.max(expected).max(WORTH);
        if live < WORTH / 2 {
            return Self { capacity, added: live, ..Self::default() };
        }
        let mut sieve = Self { words: vec![0; capacity * BITS / 64], capacity, ..Self::default() };
        marks.for_each(|mark| _ = sieve.add(mark));
        sieve
    }

    /// Lets what begins as this key pass. Whether it is now too full.
    #[inline]
    pub(super) fn add(&mut self, mark: Mark) -> bool {
        self.added += 1;
        if self.words.is_empty() {
        } else if mark.class() > 0 {
            let (word, bits) = self.spot(mark);
            self.words[word] |= bits;
            self.classes |= 1 << mark.class();
        } else if let Some(word) = self.short.get_mut(mark.first() / 64) {
            *word |= 1 << (mark.first() % 64);
        }
        self.added > self.capacity
    }

    /// Whether a key that is not empty may be a prefix of this topic.
    #[inline]
    pub(super) fn passes(&self, topic: &[u8]) -> bool {
        let Some(&first) = topic.first().filter(|_| !self.words.is_empty()) else { return true };
        if self.short[usize::from(first / 64)] >> (first % 64) & 1 != 0 {
            return true;
        }
        let mut hasher = Hasher::default();
        for chunk in topic.chunks_exact(STEP) {
            hasher.add(chunk);
            let rest = self.classes >> hasher.steps;
            if rest & 1 != 0 {
                let (word, bits) = self.spot(hasher.mark());
                if self.words[word] & bits == bits {
                    return true;
                }
            }
            if rest <= 1 {
                break;
            }
        }
        false
    }

    #[inline]
    fn spot(&self, mark: Mark) -> (usize, u64) {
        let mixed = mix(u64::from(mark.0));
        let word = ((mixed >> 32) * self.words.len() as u64) >> 32;
        let bit = |shift: u32| 1 << (mixed >> shift & 63);
        (word as usize, bit(0) | bit(6) | bit(12) | bit(18))
    }
}

/// A hash that is known after every step.
#[derive(Debug, Default)]
struct Hasher {
    state: u64,
    steps: u32,
}

impl Hasher {
    #[inline]
    fn add(&mut self, chunk: &[u8]) {
        let word = chunk.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        self.state = (self.state ^ u64::from(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        self.steps += 1;
    }

    #[inline]
    fn mark(&self) -> Mark {
        Mark((mix(self.state) as u32) << CLASS_BITS | self.steps)
    }
}

#[inline]
fn mix(mut value: u64) -> u64 {
    value = (value ^ value >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    value = (value ^ value >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    value ^ value >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> Vec<u8> {
        let (a, b) = (mix(number + 1), mix(!number));
        [a.to_le_bytes(), b.to_le_bytes(), a.to_be_bytes()].concat()[..4 + (a % 20) as usize].to_vec()
    }

    #[test]
    fn every_stored_beginning_passes_and_few_others_do() {
        for count in [WORTH as u64 + 1, 10_000, 100_000] {
            let keys: Vec<_> = (0..count).map(key).collect();
            let mut sieve = Sieve::default();
            for (at, key) in keys.iter().enumerate() {
                if sieve.add(Mark::of(key)) {
                    sieve = Sieve::remade(keys[..=at].iter().map(|key| Mark::of(key)), at + 1, 0);
                }
            }
            for key in &keys {
                assert!(sieve.passes(key) && sieve.passes(&[key, &b"and more"[..]].concat()));
            }
            let passed = (count..2 * count).filter(|number| sieve.passes(&key(*number))).count();
            // Up to five lookups for each topic.
            assert!(passed < count as usize / 6, "{passed} of {count}");
        }
    }

    #[test]
    fn short_keys_count_by_their_first_byte_and_few_keys_need_no_sieve() {
        let marks = (0..WORTH as u64).map(|number| Mark::of(&key(number)));
        let mut sieve = Sieve::remade(marks.clone(), WORTH, 0);
        assert!(!sieve.passes(b"abc") && !sieve.passes(b"not there, I hope"));
        sieve.add(Mark::of(b""));
        assert!(!sieve.passes(b"not there, I hope"));
        sieve.add(Mark::of(b"not"));
        assert!(sieve.passes(b"not there, I hope") && sieve.passes(b"n") && !sieve.passes(b"abc"));
        assert!(Sieve::remade(marks.take(3), 3, 0).passes(b"abc"));
    }

    #[test]
    fn long_keys_count_by_their_beginning() {
        let long = vec![b'x'; 1_000];
        assert_eq!(Mark::of(&long), Mark::of(&long[..LONGEST]));
        assert_eq!(Mark::of(&long).class() as usize, LONGEST / STEP);
        let sieve = Sieve::remade((0..WORTH).map(|_| Mark::of(&long)), WORTH, 0);
        assert!(sieve.passes(&long) && sieve.passes(&long[..LONGEST]) && !sieve.passes(&long[..LONGEST - 1]));
    }
}
