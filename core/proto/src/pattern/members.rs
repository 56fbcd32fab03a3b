//! The subscribers of each topic: one pipe in four bytes, more of them beside.

use super::PipeId;

/// The subscribers of one topic. They belong to one [`Crowds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Members(PipeId);

/// The sets of all topics that have had several subscribers at once.
#[derive(Debug, Default)]
pub(super) struct Crowds {
    sets: Vec<PipeSet>,
    free: Vec<u32>,
}

const NOBODY: PipeId = PipeId(u32::MAX);
/// Marks the number of a set among those of pipes, which are dense and far from it.
const CROWD: u32 = 1 << 31;

impl Members {
    #[inline]
    pub(super) fn is_empty(self) -> bool {
        self.0 == NOBODY
    }

    /// Which set it is, if it is one.
    #[inline]
    fn crowd(self) -> Option<usize> {
        (self.0.0 & CROWD != 0 && !self.is_empty()).then_some((self.0.0 & !CROWD) as usize)
    }
}

impl Default for Members {
    fn default() -> Self {
        Self(NOBODY)
    }
}

impl Crowds {
    /// The pipes, sorted.
    #[inline]
    pub(super) fn list<'a>(&'a self, members: &'a Members) -> &'a [PipeId] {
        match members.crowd() {
            Some(set) => self.sets.get(set).map_or(&[], PipeSet::as_slice),
            None if members.is_empty() => &[],
            None => std::slice::from_ref(&members.0),
        }
    }

    pub(super) fn contains(&self, members: &Members, pipe: PipeId) -> bool {
        self.list(members).binary_search(&pipe).is_ok()
    }

    /// Whether the pipe was not in before.
    pub(super) fn insert(&mut self, members: &mut Members, pipe: PipeId) -> bool {
        if members.is_empty() {
            members.0 = pipe;
            return true;
        }
        if self.contains(members, pipe) {
            return false;
        }
        let set = match members.crowd() {
            Some(set) => set,
            None => {
                let set = self.allocate();
                self.sets[set].insert(members.0);
                members.0 = PipeId(set as u32 | CROWD);
                set
            }
        };
        self.sets[set].insert(pipe)
    }

    pub(super) fn remove(&mut self, members: &mut Members, pipe: PipeId) {
        let Some(set) = members.crowd() else {
            if members.0 == pipe {
                *members = Members::default();
            }
            return;
        };
        self.sets[set].remove(pipe);
        if let [last] = *self.sets[set].as_slice() {
            self.sets[set] = PipeSet::default();
            self.free.push(set as u32);
            members.0 = last;
        }
    }

    fn allocate(&mut self) -> usize {
        self.free.pop().map_or_else(
            || {
                self.sets.push(PipeSet::default());
                self.sets.len() - 1
            },
            |set| set as usize,
        )
    }
}

/// A sorted set of pipes, up to three of them without an allocation: most topics have few subscribers.
#[derive(Debug)]
enum PipeSet {
    Few { len: u8, pipes: [PipeId; FEW] },
    Many(Vec<PipeId>),
}

const FEW: usize = 3;
const _: () = assert!(size_of::<PipeSet>() == 24);

impl PipeSet {
    #[inline]
    fn as_slice(&self) -> &[PipeId] {
        match self {
            Self::Few { len, pipes } => &pipes[..usize::from(*len).min(FEW)],
            Self::Many(pipes) => pipes,
        }
    }

    /// Whether it was not in before.
    fn insert(&mut self, pipe: PipeId) -> bool {
        let Err(at) = self.as_slice().binary_search(&pipe) else { return false };
        match self {
            Self::Few { len, pipes } if usize::from(*len) < FEW => {
                pipes.copy_within(at..usize::from(*len), at + 1);
                pipes[at] = pipe;
                *len += 1;
            }
            Self::Few { .. } => {
                let mut pipes = self.as_slice().to_vec();
                pipes.insert(at, pipe);
                *self = Self::Many(pipes);
            }
            Self::Many(pipes) => pipes.insert(at, pipe),
        }
        true
    }

    fn remove(&mut self, pipe: PipeId) {
        let Ok(at) = self.as_slice().binary_search(&pipe) else { return };
        match self {
            Self::Few { len, pipes } => {
                pipes.copy_within(at + 1..usize::from(*len), at);
                *len -= 1;
            }
            Self::Many(pipes) if pipes.len() > 1 => {
                pipes.remove(at);
            }
            Self::Many(_) => *self = Self::default(),
        }
    }
}

impl Default for PipeSet {
    fn default() -> Self {
        Self::Few { len: 0, pipes: [PipeId(0); FEW] }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn topics_have_the_members_that_came_and_did_not_leave() {
        let mut crowds = Crowds::default();
        let mut topics: Vec<(Members, BTreeSet<PipeId>)> = vec![Default::default(); 5];
        let mut state = 1_u32;
        for step in 0..4_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (members, model) = &mut topics[(state >> 8) as usize % 5];
            let pipe = PipeId(state >> 28);
            if (state >> 16) % 100 < if step % 1_000 < 500 { 70 } else { 20 } {
                assert_eq!(crowds.insert(members, pipe), model.insert(pipe));
            } else {
                crowds.remove(members, pipe);
                model.remove(&pipe);
            }
            assert!(crowds.list(members).iter().eq(model.iter()));
            assert_eq!(members.is_empty(), model.is_empty());
            let several = topics.iter().filter(|(_, model)| model.len() > 1).count();
            assert_eq!(crowds.sets.len() - crowds.free.len(), several, "a set is neither used nor free");
        }
    }

    #[test]
    fn a_set_is_sorted_whatever_its_size() {
        let (mut set, mut model) = (PipeSet::default(), BTreeSet::new());
        for step in 0..400_u32 {
            let pipe = PipeId(step.wrapping_mul(2_654_435_761) >> 7 & 15);
            if step % 100 < 50 {
                assert_eq!(set.insert(pipe), model.insert(pipe));
            } else {
                set.remove(pipe);
                model.remove(&pipe);
            }
            assert!(set.as_slice().iter().eq(&model));
        }
    }
}
