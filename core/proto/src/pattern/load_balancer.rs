//! Load balancing: pipes that have room take turns, one message each.

use super::{PipeId, Pipes};

/// The pipes that may be sent to, in the order of their turns (libzmq's `lb`).
#[derive(Debug, Default)]
pub(super) struct LoadBalancer {
    ring: Vec<PipeId>,
    next: usize,
    /// Position in `ring` per pipe number, [`NOWHERE`] when not attached.
    positions: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl LoadBalancer {
    /// The pipe takes part, after all others.
    pub(super) fn attach(&mut self, pipe: PipeId) {
        if self.positions.len() <= pipe.index() {
            self.positions.resize(pipe.index() + 1, NOWHERE);
        }
        let position = &mut self.positions[pipe.index()];
        if *position == NOWHERE {
            *position = self.ring.len() as u32;
            self.ring.push(pipe);
        }
    }

    /// Forgets the pipe; the order of the others and whose turn it is stay.
    pub(super) fn detach(&mut self, pipe: PipeId) {
        let Some(position) = self.positions.get_mut(pipe.index()) else { return };
        let at = std::mem::replace(position, NOWHERE) as usize;
        if at >= self.ring.len() {
            return;
        }
        self.ring.remove(at);
        for moved in &self.ring[at..] {
            self.positions[moved.index()] -= 1;
        }
        if at < self.next {
            self.next -= 1;
        }
        if self.next == self.ring.len() {
            self.next = 0;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    pub(super) fn contains(&self, pipe: PipeId) -> bool {
        self.positions.get(pipe.index()).is_some_and(|at| *at != NOWHERE)
    }

    /// The pipe whose turn it is among those with room. Nothing changes until [`sent`](Self::sent).
    #[inline]
    pub(super) fn choose<P: Pipes + ?Sized>(&self, pipes: &P) -> Option<PipeId> {
        let (before, after) = self.ring.split_at_checked(self.next)?;
        after.iter().chain(before).copied().find(|pipe| pipes.writable(*pipe))
    }

    /// A message went to this pipe: the turn passes to the one after it.
    #[inline]
    pub(super) fn sent(&mut self, pipe: PipeId) {
        let Some(&at) = self.positions.get(pipe.index()) else { return };
        if at != NOWHERE {
            let next = at as usize + 1;
            self.next = if next == self.ring.len() { 0 } else { next };
        }
    }
}
