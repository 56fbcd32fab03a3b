//! A map from keys that this process counts up itself: no peer chooses them, so one multiplication scatters them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Values by the key of a link, a nest or a listener.
pub type Keyed<V> = HashMap<u64, V, BuildHasherDefault<Scatter>>;

/// Hashes one number.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scatter(u64);

impl Hasher for Scatter {
    #[inline]
    fn write_u64(&mut self, key: u64) {
        // The map looks at the lowest and the highest bits; a product alone has all of its mixture in the highest.
        let product = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0 ^ u64::from(*byte)));
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn neighbours_are_scattered_at_both_ends() {
        let hashes: Vec<u64> =
            (0..1024_u64).map(|key| Keyed::<()>::default().hasher().hash_one(key)).collect();
        let distinct =
            |bits: fn(u64) -> u64| hashes.iter().map(|hash| bits(*hash)).collect::<HashSet<u64>>().len();
        assert_eq!(distinct(|hash| hash), 1024);
        assert_eq!(distinct(|hash| hash >> 57), 128);
        assert!(distinct(|hash| hash & 1023) > 512);
    }
}
