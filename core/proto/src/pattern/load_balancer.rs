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

    /// The only pipe.
    #[inline]
    pub(super) fn only(&self) -> Option<PipeId> {
        match self.ring[..] {
            [pipe] => Some(pipe),
            _ => None,
        }
    }

    /// The pipe whose turn it is among those with room. Nothing changes until [`sent`](Self::sent).
    #[inline]
    pub(super) fn choose<P: Pipes + ?Sized>(&self, pipes: &P) -> Option<PipeId> {
        let next = self.ring.get(self.next).copied()?;
        if pipes.writable(next) { Some(next) } else { self.choose_other(pipes) }
    }

    /// The first with room behind the one whose turn it is.
    fn choose_other<P: Pipes + ?Sized>(&self, pipes: &P) -> Option<PipeId> {
        let (before, after) = self.ring.split_at_checked(self.next)?;
        after.iter().skip(1).chain(before).copied().find(|pipe| pipes.writable(*pipe))
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Open;

    impl Pipes for Open {
        fn writable(&self, _pipe: PipeId) -> bool {
            true
        }
    }

    /// Every ring of four, every position of the turn, every pipe removed: the others keep their order, and the turn
    /// stays where it was or passes to the next one.
    #[test]
    fn removing_a_pipe_moves_nobody_elses_turn() {
        for turn in 0..4 {
            for gone in 0..4 {
                let mut ring = LoadBalancer::default();
                (0..4).for_each(|pipe| ring.attach(PipeId(pipe)));
                (0..turn).for_each(|pipe| ring.sent(PipeId(pipe)));
                ring.detach(PipeId(gone));
                ring.detach(PipeId(gone));
                let order: Vec<_> = (0..3)
                    .map_while(|_| {
                        let pipe = ring.choose(&Open)?;
                        ring.sent(pipe);
                        Some(pipe.0)
                    })
                    .collect();
                let expected: Vec<_> =
                    (turn..turn + 4).map(|pipe| pipe % 4).filter(|pipe| *pipe != gone).collect();
                assert_eq!(order, expected, "turn {turn}, without {gone}");
            }
        }
    }
}
