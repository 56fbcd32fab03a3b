//! Who is subscribed to what: the publisher's side of subscriptions.

use super::members::{Crowds, Members};
use super::radix::{NodeId, Payload, RadixTree};
use super::sieve::{Mark, Sieve};
use super::{PipeId, Pipes};

/// All peers' subscriptions. A peer subscribes to a topic once, however often it says so (as in libzmq).
#[derive(Debug)]
pub(super) struct Interest {
    tree: RadixTree<Topic>,
    crowds: Crowds,
    /// Holds back most of what nobody is subscribed to.
    sieve: Sieve,
    peers: Vec<Peer>,
    topics: usize,
    /// Number of the current match; see `Peer::matched`.
    round: u64,
}

/// What is known of a topic.
#[derive(Debug, Clone, Copy, Default)]
struct Topic {
    members: Members,
    mark: Mark,
}

impl Payload for Topic {
    #[inline]
    fn is_vacant(&self) -> bool {
        self.members.is_empty()
    }
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
        Self {
            tree: RadixTree::new(),
            crowds: Crowds::default(),
            sieve: Sieve::default(),
            peers: Vec::new(),
            topics: 0,
            round: 0,
        }
    }

    /// Subscribes the pipe. Whether nobody was subscribed to this topic before.
    pub(super) fn add(&mut self, pipe: PipeId, topic: &[u8]) -> bool {
        if self.peers.len() <= pipe.index() {
            self.peers.resize_with(pipe.index() + 1, Peer::default);
        }
        let id = self.tree.insert(topic);
        let Some(entry) = self.tree.get_mut(id) else { return false };
        let first = entry.is_vacant();
        if self.crowds.insert(&mut entry.members, pipe) {
            let peer = &mut self.peers[pipe.index()];
            peer.nodes.push(id);
            peer.live += 1;
            self.tidy(pipe);
        }
        if first {
            self.note(id, Mark::of(topic));
        }
        first
    }

    /// Cancels one subscription of the pipe.
    pub(super) fn remove(&mut self, pipe: PipeId, topic: &[u8]) -> Removed {
        let Some(id) = self.tree.find(topic) else { return Removed::NotFound };
        let Some(entry) = self.tree.get_mut(id).filter(|entry| self.crowds.contains(&entry.members, pipe))
        else {
            return Removed::NotFound;
        };
        self.crowds.remove(&mut entry.members, pipe);
        let last = entry.is_vacant();
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
            let entry = self.tree.get_mut(id).filter(|entry| self.crowds.contains(&entry.members, pipe));
            let Some(entry) = entry else { continue };
            self.crowds.remove(&mut entry.members, pipe);
            let last = entry.is_vacant();
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

    /// Whether nobody is subscribed to a prefix of `topic`.
    #[inline]
    pub(super) fn is_unwanted(&self, topic: &[u8]) -> bool {
        let topic = if self.sieve.passes(topic) { topic } else { &[] };
        self.tree.visit_prefixes(topic, |_| false)
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
            let all = self.crowds.list(&everything.members);
            targets.extend(all.iter().filter(|pipe| pipes.writable(**pipe)));
            return (all.len() - targets.len()) as u32;
        }
        self.round += 1;
        let mut full = 0;
        let (peers, round) = (&mut self.peers, self.round);
        // Everybody hears who is subscribed to everything; of what is held back nothing else is a prefix.
        let topic = if self.sieve.passes(topic) { topic } else { &[] };
        self.tree.visit_prefixes(topic, |entry| {
            for &pipe in self.crowds.list(&entry.members) {
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

    /// A topic has got its first subscriber.
    fn note(&mut self, id: NodeId, mark: Mark) {
        self.topics += 1;
        if let Some(entry) = self.tree.get_mut(id) {
            entry.mark = mark;
        }
        if self.sieve.add(mark) {
            // Looks at every node, so a share of their number must come before the next time.
            let all = self.tree.payloads();
            let expected = all.len() / 4;
            let live = all.filter(|entry| !entry.is_vacant()).map(|entry| entry.mark);
            self.sieve = Sieve::remade(live, self.topics, expected);
        }
    }

    /// Keeps the list of nodes within twice what it must hold, at a constant cost per cancellation on average.
    fn tidy(&mut self, pipe: PipeId) {
        let peer = &mut self.peers[pipe.index()];
        if peer.nodes.len() > 2 * peer.live + 16 {
            peer.nodes.sort_unstable();
            peer.nodes.dedup();
            peer.nodes.retain(|id| {
                self.tree.get(*id).is_some_and(|entry| self.crowds.contains(&entry.members, pipe))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

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
        assert_eq!(interest.is_unwanted(topic), targets.is_empty());
        targets.sort_unstable();
        targets.iter().map(|pipe| pipe.0).collect()
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

    /// The pipes that a plain set of all subscriptions says.
    fn naive(model: &BTreeMap<Vec<u8>, BTreeSet<u32>>, topic: &[u8]) -> Vec<u32> {
        let prefixes = (0..=topic.len()).filter_map(|length| model.get(&topic[..length]));
        prefixes.flatten().copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Letters of a number, so that many keys are each other's prefixes; the lengths are of all classes of the sieve.
    fn key(number: u32) -> Vec<u8> {
        let mut word = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let length = [6, 9, 20, 3, 33, 70, 12, 1][number as usize % 8];
        let length = if number.is_multiple_of(997) { 0 } else { length };
        let mut letters = || {
            word = word.rotate_left(7).wrapping_mul(5);
            b'a' + (word % 6) as u8
        };
        (0..length).map(|_| letters()).collect()
    }

    #[test]
    fn many_topics_match_as_a_plain_set_says_while_they_come_and_go() {
        let (mut interest, mut model) = (Interest::new(), BTreeMap::<Vec<u8>, BTreeSet<u32>>::new());
        let (mut state, mut most, mut hits) = (5_u64, 0, 0);
        println!("seed {state}");
        for step in 0..120_000_u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (pipe, topic) = ((state >> 62) as u32, key((state >> 30) as u32 % 20_000));
            // Grows beyond what the tree alone is for, shrinks below it, and grows again.
            if (state >> 20) % 100 < if step / 40_000 == 1 { 10 } else { 90 } {
                let first = model.entry(topic.clone()).or_default();
                assert_eq!(interest.add(PipeId(pipe), &topic), first.is_empty());
                first.insert(pipe);
            } else {
                let removed = interest.remove(PipeId(pipe), &topic);
                let expected = match model.get_mut(&topic).map(|set| (set.remove(&pipe), set.is_empty())) {
                    Some((true, true)) => Removed::Last,
                    Some((true, false)) => Removed::OthersRemain,
                    _ => Removed::NotFound,
                };
                assert_eq!(removed, expected);
                if removed == Removed::Last {
                    model.remove(&topic);
                }
            }
            if step == 79_000 {
                interest.remove_pipe(PipeId(pipe), |_| false, |_| ());
                model.values_mut().for_each(|set| _ = set.remove(&pipe));
                model.retain(|_, set| !set.is_empty());
            }
            let mut published = key((state >> 10) as u32 % 40_000);
            published.extend_from_slice(b"abc");
            let wanted = naive(&model, &published);
            hits += usize::from(!wanted.is_empty());
            assert_eq!(matching(&mut interest, &published), wanted, "step {step}");
            most = most.max(interest.topics());
            assert_eq!(interest.topics(), model.len());
        }
        assert!(most > 10_000 && hits > 10_000, "{most} topics, {hits} wanted");
        for pipe in 0..4 {
            interest.remove_pipe(PipeId(pipe), |_| false, |_| ());
        }
        assert_eq!((interest.topics(), matching(&mut interest, b"abc")), (0, vec![]));
    }
}
