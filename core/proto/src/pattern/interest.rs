//! Who is subscribed to what: the publisher's side of subscriptions.

use super::radix::{NodeId, Payload, RadixTree};
use super::{PipeId, Pipes};

/// All peers' subscriptions. A peer subscribes to a topic once, however often it says so (as in libzmq).
#[derive(Debug)]
pub(super) struct Interest {
    tree: RadixTree<PipeSet>,
    peers: Vec<Peer>,
    topics: usize,
    /// Number of the current match; see `Peer::matched`.
    round: u64,
}

/// One pipe's share.
#[derive(Debug, Default)]
struct Peer {
    /// The nodes this pipe may be in. Cancelling leaves an entry behind, so that it costs no search; `tidy` removes them.
    nodes: Vec<NodeId>,
    /// The number of nodes this pipe is in.
    live: usize,
    /// The last match that chose this pipe: one message, one copy, however many prefixes match.
    matched: u64,
}

/// What a cancellation left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removed {
    /// The pipe was not subscribed to this topic.
    NotFound,
    /// Others still are.
    OthersRemain,
    /// It was the last one.
    Last,
}

impl Interest {
    pub(super) fn new() -> Self {
        Self { tree: RadixTree::new(), peers: Vec::new(), topics: 0, round: 0 }
    }

    /// Subscribes the pipe. Whether nobody was subscribed to this topic before.
    pub(super) fn add(&mut self, pipe: PipeId, topic: &[u8]) -> bool {
        if self.peers.len() <= pipe.index() {
            self.peers.resize_with(pipe.index() + 1, Peer::default);
        }
        let id = self.tree.insert(topic);
        let Some(set) = self.tree.get_mut(id) else { return false };
        let first = set.is_vacant();
        self.topics += usize::from(first);
        if set.insert(pipe) {
            let peer = &mut self.peers[pipe.index()];
            peer.nodes.push(id);
            peer.live += 1;
            self.tidy(pipe);
        }
        first
    }

    /// Cancels one subscription of the pipe.
    pub(super) fn remove(&mut self, pipe: PipeId, topic: &[u8]) -> Removed {
        let Some(id) = self.tree.find(topic) else { return Removed::NotFound };
        let Some(set) = self.tree.get_mut(id).filter(|set| set.contains(pipe)) else {
            return Removed::NotFound;
        };
        set.remove(pipe);
        let last = set.is_vacant();
        self.peers[pipe.index()].live -= 1;
        self.tidy(pipe);
        if !last {
            return Removed::OthersRemain;
        }
        self.topics -= 1;
        self.tree.prune(id);
        Removed::Last
    }

    /// Cancels all subscriptions of the pipe and tells of each: the topic, and whether the pipe was the last one.
    /// The topic is only made when `wants` says so for that flag.
    pub(super) fn remove_pipe(
        &mut self,
        pipe: PipeId,
        wants: impl Fn(bool) -> bool,
        mut tell: impl FnMut(Vec<u8>),
    ) {
        let Some(peer) = self.peers.get_mut(pipe.index()) else { return };
        for id in std::mem::take(peer).nodes {
            let Some(set) = self.tree.get_mut(id).filter(|set| set.contains(pipe)) else { continue };
            set.remove(pipe);
            let last = set.is_vacant();
            if wants(last) {
                tell(self.tree.key(id));
            }
            if last {
                self.topics -= 1;
                self.tree.prune(id);
            }
        }
    }

    /// Number of distinct topics.
    pub(super) fn topics(&self) -> usize {
        self.topics
    }

    /// Puts the pipes with room that are subscribed to a prefix of `topic` into `targets`, each once, and returns how many
    /// more have no room.
    pub(super) fn collect<P: Pipes + ?Sized>(
        &mut self,
        topic: &[u8],
        pipes: &P,
        targets: &mut Vec<PipeId>,
    ) -> u32 {
        targets.clear();
        if let Some(everything) = self.tree.only_empty_key() {
            let all = everything.as_slice();
            targets.extend(all.iter().filter(|pipe| pipes.writable(**pipe)));
            return (all.len() - targets.len()) as u32;
        }
        self.round += 1;
        let mut full = 0;
        let (peers, round) = (&mut self.peers, self.round);
        self.tree.visit_prefixes(topic, |set| {
            for &pipe in set.as_slice() {
                let Some(peer) = peers.get_mut(pipe.index()) else { continue };
                if std::mem::replace(&mut peer.matched, round) == round {
                    continue;
                }
                if pipes.writable(pipe) {
                    targets.push(pipe);
                } else {
                    full += 1;
                }
            }
            true
        });
        full
    }

    /// Keeps the list of nodes within twice what it must hold, at a constant cost per cancellation on average.
    fn tidy(&mut self, pipe: PipeId) {
        let peer = &mut self.peers[pipe.index()];
        if peer.nodes.len() > 2 * peer.live + 16 {
            peer.nodes.sort_unstable();
            peer.nodes.dedup();
            peer.nodes.retain(|id| self.tree.get(*id).is_some_and(|set| set.contains(pipe)));
        }
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

    fn contains(&self, pipe: PipeId) -> bool {
        self.as_slice().binary_search(&pipe).is_ok()
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

impl Payload for PipeSet {
    #[inline]
    fn is_vacant(&self) -> bool {
        self.as_slice().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    struct Open;

    impl Pipes for Open {
        fn writable(&self, _pipe: PipeId) -> bool {
            true
        }
    }

    fn matching(interest: &mut Interest, topic: &[u8]) -> Vec<u32> {
        let mut targets = Vec::new();
        assert_eq!(interest.collect(topic, &Open, &mut targets), 0);
        targets.sort_unstable();
        targets.iter().map(|pipe| pipe.0).collect()
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

    #[test]
    fn a_pipe_with_several_matching_prefixes_is_one_target() {
        let mut interest = Interest::new();
        assert!(interest.add(PipeId(1), b""));
        assert_eq!(matching(&mut interest, b"abc"), [1]);
        assert!(interest.add(PipeId(1), b"ab"));
        assert!(!interest.add(PipeId(2), b"ab"));
        assert!(!interest.add(PipeId(2), b"ab"));
        assert_eq!(interest.topics(), 2);
        assert_eq!(matching(&mut interest, b"abc"), [1, 2]);
        assert_eq!(matching(&mut interest, b"a"), [1]);
        assert_eq!(interest.remove(PipeId(1), b"ab"), Removed::OthersRemain);
        assert_eq!(interest.remove(PipeId(1), b"ab"), Removed::NotFound);
        assert_eq!(interest.remove(PipeId(2), b"ab"), Removed::Last);
        assert_eq!(interest.remove(PipeId(2), b"a"), Removed::NotFound);
    }

    #[test]
    fn leaving_cancels_exactly_what_was_left() {
        let (mut interest, mut model) = (Interest::new(), BTreeSet::new());
        let mut state = 1_u32;
        for step in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (pipe, topic) = (PipeId(state >> 30), vec![b'x'; (state >> 20) as usize % 50]);
            if state >> 10 & 1 == 0 {
                interest.add(pipe, &topic);
                model.insert((pipe, topic));
            } else {
                assert_eq!(interest.remove(pipe, &topic) != Removed::NotFound, model.remove(&(pipe, topic)));
            }
            if step % 1_000 == 999 {
                let mut told = BTreeSet::new();
                interest.remove_pipe(pipe, |_| true, |topic| _ = told.insert((pipe, topic)));
                let left: BTreeSet<_> = model.extract_if(.., |(each, _)| *each == pipe).collect();
                assert!(!left.is_empty());
                assert_eq!(told, left);
            }
        }
    }

    #[test]
    fn a_peer_that_toggles_a_subscription_costs_no_memory() {
        let mut interest = Interest::new();
        interest.add(PipeId(0), b"kept");
        for _ in 0..10_000 {
            interest.add(PipeId(0), b"toggled");
            interest.remove(PipeId(0), b"toggled");
        }
        assert!(interest.peers[0].nodes.len() <= 20);
        let mut told = Vec::new();
        interest.remove_pipe(PipeId(0), |last| last, |topic| told.push(topic));
        assert_eq!(told, [b"kept"]);
        assert_eq!(interest.topics(), 0);
    }
}
