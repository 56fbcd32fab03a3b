//! The children of a tree's nodes: from a byte to a number, in blocks of one arena.
//!
//! A block for up to 64 children is a quarter as many words with their first bytes, and a word with the number of each: a node
//! with two children takes 12 bytes, one with four 20. A *wide* block, for more, has a word for each byte there is, 0 for those
//! without a child: the upper nodes of large trees are looked up without a search.

/// The children of one node. They belong to one [`Arena`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Branches {
    /// Where the block begins: the lower and the upper half, so that a node has no gaps.
    block: [u16; 2],
    count: u16,
}

/// All blocks of one tree.
#[derive(Debug, Default)]
pub(super) struct Arena {
    words: Vec<u32>,
    /// Blocks that are not in use, for each capacity.
    free: [Vec<u32>; CAPACITIES],
}

/// A block has room for 2, 4, 8, … 64 children, and exactly as much as their number asks for, or is wide.
const CAPACITIES: usize = 7;
const NARROW: usize = 64;
const BYTES: usize = 256;

impl Branches {
    pub(super) fn len(self) -> usize {
        self.count.into()
    }

    #[inline]
    fn is_wide(self) -> bool {
        self.len() > NARROW
    }

    #[inline]
    fn block(self) -> usize {
        self.block[0] as usize | (self.block[1] as usize) << 16
    }

    fn place(&mut self, block: u32) {
        self.block = [block as u16, (block >> 16) as u16];
    }

    /// The words of the first bytes.
    #[inline]
    fn heads(self) -> usize {
        capacity(self.len()).div_ceil(4)
    }
}

impl Arena {
    /// The child for this byte.
    #[inline]
    pub(super) fn find(&self, branches: Branches, byte: u8) -> Option<u32> {
        let place = if branches.is_wide() {
            usize::from(byte)
        } else {
            branches.heads() + self.position(branches, byte)?
        };
        self.words.get(branches.block() + place).copied().filter(|child| *child != 0)
    }

    /// The child of a node that has no other.
    pub(super) fn only(&self, branches: Branches) -> Option<u32> {
        (branches.len() == 1).then(|| self.at(branches, 0).1)
    }

    /// Adds a child, which is not 0, for a byte that has none.
    pub(super) fn add(&mut self, branches: &mut Branches, byte: u8, child: u32) {
        self.resize(branches, branches.len() + 1);
        self.put(*branches, branches.len() - 1, byte, child);
    }

    /// Puts another child in the place of the one for this byte.
    pub(super) fn replace(&mut self, branches: Branches, byte: u8, child: u32) {
        if branches.is_wide() {
            self.put(branches, 0, byte, child);
        } else if let Some(place) = self.position(branches, byte) {
            self.put(branches, place, byte, child);
        }
    }

    pub(super) fn remove(&mut self, branches: &mut Branches, byte: u8) {
        if self.find(*branches, byte).is_none() {
            return;
        }
        let last = branches.len() - 1;
        if branches.is_wide() {
            self.put(*branches, 0, byte, 0);
        } else if let Some(place) = self.position(*branches, byte) {
            let (moved, child) = self.at(*branches, last);
            self.put(*branches, place, moved, child);
        }
        self.resize(branches, last);
    }

    /// Changes the number of children; those that stay keep their places.
    fn resize(&mut self, branches: &mut Branches, count: usize) {
        let old = *branches;
        branches.count = count as u16;
        if class(old.len()) == class(count) {
            return;
        }
        let stay = count.min(old.len());
        let children: Vec<(u8, u32)> = self.children(old).take(stay).collect();
        branches.place(self.allocate(count));
        for (place, (byte, child)) in children.into_iter().enumerate() {
            self.put(*branches, place, byte, child);
        }
        if let Some(class) = class(old.len()) {
            self.free[class].push(old.block() as u32);
        }
    }

    fn allocate(&mut self, count: usize) -> u32 {
        let Some(class) = class(count) else { return 0 };
        let block = self.free[class].pop().unwrap_or_else(|| {
            let block = self.words.len();
            self.words.resize(block + size(class), 0);
            block as u32
        });
        if class == CAPACITIES - 1 {
            self.words[block as usize..][..BYTES].fill(0);
        }
        block
    }

    /// The children by their first bytes, in no particular order.
    pub(super) fn children(&self, branches: Branches) -> impl Iterator<Item = (u8, u32)> {
        let places = if branches.is_wide() { BYTES } else { branches.len() };
        (0..places).map(move |place| self.at(branches, place)).filter(|(_, child)| *child != 0)
    }

    /// Looks at four first bytes at a time. What is left in a block behind its last child is found last, and not meant.
    #[inline]
    fn position(&self, branches: Branches, byte: u8) -> Option<usize> {
        const ONES: u32 = 0x0101_0101;
        let begin = branches.block();
        let heads = self.words.get(begin..begin + branches.len().div_ceil(4))?;
        for (index, head) in heads.iter().enumerate() {
            let differs = head ^ (ONES * u32::from(byte));
            // The lowest byte that is zero has the lowest of these bits.
            let equal = differs.wrapping_sub(ONES) & !differs & (ONES << 7);
            if equal != 0 {
                let place = 4 * index + equal.trailing_zeros() as usize / 8;
                return (place < branches.len()).then_some(place);
            }
        }
        None
    }

    fn at(&self, branches: Branches, place: usize) -> (u8, u32) {
        let begin = branches.block();
        if branches.is_wide() {
            return (place as u8, self.words[begin + place]);
        }
        let head = self.words[begin + place / 4];
        ((head >> (place % 4 * 8)) as u8, self.words[begin + branches.heads() + place])
    }

    /// Puts a child in its place, which in a wide block is that of its byte.
    fn put(&mut self, branches: Branches, place: usize, byte: u8, child: u32) {
        let begin = branches.block();
        if branches.is_wide() {
            self.words[begin + usize::from(byte)] = child;
            return;
        }
        let (head, shift) = (&mut self.words[begin + place / 4], place % 4 * 8);
        *head = *head & !(0xff << shift) | u32::from(byte) << shift;
        self.words[begin + branches.heads() + place] = child;
    }

    /// Words that are in blocks in use, for tests.
    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        let free = self.free.iter().enumerate().map(|(class, blocks)| blocks.len() * size(class));
        self.words.len() - free.sum::<usize>()
    }
}

/// Which capacity so many children have; none for none.
#[inline]
fn class(count: usize) -> Option<usize> {
    (count > 0).then(|| (capacity(count).trailing_zeros() as usize - 1).min(CAPACITIES - 1))
}

#[inline]
fn capacity(count: usize) -> usize {
    count.next_power_of_two().max(2)
}

/// The words of a block.
fn size(class: usize) -> usize {
    if class == CAPACITIES - 1 { BYTES } else { (2 << class) + (2_usize << class).div_ceil(4) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Two nodes share the arena, so that a block that is given away too early shows.
    #[test]
    fn behaves_like_a_map_from_bytes() {
        let mut arena = Arena::default();
        let mut nodes = [(Branches::default(), BTreeMap::new()), (Branches::default(), BTreeMap::new())];
        let mut state = 7_u64;
        println!("seed {state}");
        for step in 0..60_000_u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (branches, model) = &mut nodes[(state >> 63) as usize];
            let byte = (state >> 40) as u8;
            // The number of children swings between none and 256.
            let child = step + 1;
            let growing = (step / 3_000).is_multiple_of(2);
            if growing != (state >> 33).is_multiple_of(8) {
                match model.insert(byte, child) {
                    Some(_) => arena.replace(*branches, byte, child),
                    None => arena.add(branches, byte, child),
                }
            } else {
                model.remove(&byte);
                arena.remove(branches, byte);
            }
            assert_eq!(
                (branches.len(), arena.find(*branches, byte)),
                (model.len(), model.get(&byte).copied())
            );
            if step % 64 == 0 {
                for (branches, model) in &nodes {
                    assert!((0..=255).all(|b| arena.find(*branches, b) == model.get(&b).copied()));
                    let children: BTreeMap<u8, u32> = arena.children(*branches).collect();
                    assert_eq!(children, *model);
                    let only = model.values().next().copied().filter(|_| model.len() == 1);
                    assert_eq!(arena.only(*branches), only);
                }
            }
        }
        for (branches, _) in &mut nodes {
            (0..=255).for_each(|byte| arena.remove(branches, byte));
        }
        assert_eq!(arena.used(), 0, "a block is neither used nor free");
    }
}
