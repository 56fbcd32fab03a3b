//! A compressed radix tree over byte strings: which stored keys are prefixes of this topic?
//!
//! A run of bytes without a branch is one node, so a lookup costs a few cache misses whatever the length of the topic,
//! and a stored key costs one node of 32 bytes and its payload, and 4 to 12 in its parent (labels of up to 21 bytes are
//! inside the node). Nothing recurses: the depth is in the hands of peers.

use super::branches::{Arena, Branches};
use super::label::{Label, Labels};

/// What a node carries for its key. A vacant one is there for the sake of its branches only.
pub(super) trait Payload: Default {
    fn is_vacant(&self) -> bool;
}

/// Number of a node. It keeps naming the same key for as long as the key's payload is not vacant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(u32);

/// Keys with payloads, in arenas.
#[derive(Debug)]
pub(super) struct RadixTree<V> {
    nodes: Vec<Node<V>>,
    free: Vec<NodeId>,
    labels: Labels,
    arena: Arena,
}

#[derive(Debug)]
struct Node<V> {
    parent: NodeId,
    /// By the first bytes of the children's labels.
    branches: Branches,
    /// The bytes between the parent's key and this one's; empty for the root only.
    label: Label,
    payload: V,
}

const ROOT: NodeId = NodeId(0);

/// Bytes of one label at most: what a key that is cut somewhere, and whole again, costs at most, however long it is. Longer runs
/// without a branch are chains of vacant nodes.
const MOST: usize = if cfg!(test) { 24 } else { 256 };

impl<V: Payload> RadixTree<V> {
    pub(super) fn new() -> Self {
        let mut tree =
            Self { nodes: Vec::new(), free: Vec::new(), labels: Labels::default(), arena: Arena::default() };
        tree.allocate(&[], ROOT);
        tree
    }

    /// The node of this key, made if needed. The caller fills a vacant payload, or calls [`prune`](Self::prune).
    pub(super) fn insert(&mut self, key: &[u8]) -> NodeId {
        let (mut at, mut rest) = (ROOT, key);
        while let Some(&first) = rest.first() {
            let Some(child) = self.child(at, first) else {
                let (label, left) = rest.split_at(rest.len().min(MOST));
                let leaf = self.allocate(label, at);
                self.link(at, first, leaf);
                (at, rest) = (leaf, left);
                continue;
            };
            let label = self.label(child);
            let common = label.iter().zip(rest).take_while(|(a, b)| a == b).count();
            let whole = common == label.len();
            at = if whole { child } else { self.split(child, common) };
            rest = &rest[common..];
        }
        at
    }

    /// The node of this key.
    pub(super) fn find(&self, key: &[u8]) -> Option<NodeId> {
        let (mut at, mut rest) = (ROOT, key);
        while let Some(&first) = rest.first() {
            at = self.child(at, first)?;
            rest = rest.strip_prefix(self.label(at))?;
        }
        Some(at)
    }

    /// Calls `visit` for each stored key that is a prefix of `topic`, shortest first, until it returns `false`.
    /// Whether all were visited.
    #[inline]
    pub(super) fn visit_prefixes<'a>(&'a self, topic: &[u8], mut visit: impl FnMut(&'a V) -> bool) -> bool {
        let (mut node, mut rest) = (self.node(ROOT), topic);
        loop {
            if !node.payload.is_vacant() && !visit(&node.payload) {
                return false;
            }
            let Some(&first) = rest.first() else { return true };
            let Some(child) = self.arena.find(node.branches, first) else { return true };
            node = self.node(NodeId(child));
            let Some(after) = rest.strip_prefix(self.labels.get(&node.label)) else { return true };
            rest = after;
        }
    }

    /// The payload of a node; also of one that is no longer in use (vacant) or gone (`None`).
    pub(super) fn get(&self, id: NodeId) -> Option<&V> {
        self.nodes.get(id.0 as usize).map(|node| &node.payload)
    }

    pub(super) fn get_mut(&mut self, id: NodeId) -> Option<&mut V> {
        self.nodes.get_mut(id.0 as usize).map(|node| &mut node.payload)
    }

    /// The key of a node in use.
    pub(super) fn key(&self, id: NodeId) -> Vec<u8> {
        let (mut length, mut at) = (0, id);
        while at != ROOT {
            length += self.label(at).len();
            at = self.node(at).parent;
        }
        let mut key = vec![0; length];
        at = id;
        while at != ROOT {
            let label = self.label(at);
            key[length - label.len()..length].copy_from_slice(label);
            length -= label.len();
            at = self.node(at).parent;
        }
        key
    }

    /// Every stored key, in no particular order.
    pub(super) fn keys(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        let used = self.nodes.iter().enumerate().filter(|(_, node)| !node.payload.is_vacant());
        used.map(|(at, _)| self.key(NodeId(at as u32)))
    }

    /// The payload of every node, vacant ones too, in no particular order.
    pub(super) fn payloads(&self) -> impl ExactSizeIterator<Item = &V> {
        self.nodes.iter().map(|node| &node.payload)
    }

    /// The payload of the empty key, when no other key is stored.
    #[inline]
    pub(super) fn only_empty_key(&self) -> Option<&V> {
        let root = self.node(ROOT);
        (root.branches.len() == 0).then_some(&root.payload)
    }

    /// Removes a node whose payload has become vacant, and those that were there for it only.
    pub(super) fn prune(&mut self, id: NodeId) {
        let mut at = id;
        while at != ROOT && self.node(at).payload.is_vacant() {
            let parent = self.node(at).parent;
            match self.node(at).branches.len() {
                0 => {
                    self.unlink(parent, at);
                    self.release(at);
                    at = parent;
                }
                1 => return self.merge(at),
                _ => return,
            }
        }
        if self.node(ROOT).branches.len() == 0 {
            self.nodes.truncate(1);
            self.nodes.shrink_to(64);
            self.free = Vec::new();
            self.arena = Arena::default();
            self.labels = Labels::default();
        }
    }

    /// Puts a node between a child and its parent, so that the child's label is cut after `common` bytes. The child
    /// keeps its number.
    fn split(&mut self, child: NodeId, common: usize) -> NodeId {
        let parent = self.node(child).parent;
        let label = self.label(child).to_vec();
        let (head, tail) = label.split_at(common);
        let between = self.allocate(head, parent);
        self.arena.replace(self.node(parent).branches, head[0], between.0);
        self.set_label(child, tail);
        self.node_mut(child).parent = between;
        self.link(between, tail[0], child);
        // Of a chain: what was too long for one label before may have become short enough.
        self.merge(child);
        self.merge(parent);
        between
    }

    /// The undoing of a split: the only child takes the place of its vacant parent and keeps its number. Nothing happens to a
    /// node that is needed.
    fn merge(&mut self, vacant: NodeId) {
        let Some(child) = self.arena.only(self.node(vacant).branches) else { return };
        let child = NodeId(child);
        let length = self.label(vacant).len() + self.label(child).len();
        if vacant == ROOT || !self.node(vacant).payload.is_vacant() || length > MOST {
            return;
        }
        let parent = self.node(vacant).parent;
        let label = [self.label(vacant), self.label(child)].concat();
        self.set_label(child, &label);
        self.node_mut(child).parent = parent;
        self.arena.replace(self.node(parent).branches, label[0], child.0);
        // Its block goes with its last child.
        let mut branches = self.node(vacant).branches;
        self.arena.remove(&mut branches, label[self.label(vacant).len()]);
        self.release(vacant);
    }

    fn link(&mut self, parent: NodeId, first: u8, child: NodeId) {
        let branches = &mut self.nodes[parent.0 as usize].branches;
        self.arena.add(branches, first, child.0);
    }

    fn unlink(&mut self, parent: NodeId, child: NodeId) {
        let Some(&first) = self.label(child).first() else { return };
        let branches = &mut self.nodes[parent.0 as usize].branches;
        self.arena.remove(branches, first);
    }

    fn allocate(&mut self, label: &[u8], parent: NodeId) -> NodeId {
        let label = self.labels.make(label);
        let node = Node { parent, branches: Branches::default(), label, payload: V::default() };
        if let Some(id) = self.free.pop() {
            *self.node_mut(id) = node;
            return id;
        }
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node);
        id
    }

    fn release(&mut self, id: NodeId) {
        self.set_label(id, &[]);
        let node = self.node_mut(id);
        (node.parent, node.branches, node.payload) = (ROOT, Branches::default(), V::default());
        self.free.push(id);
    }

    #[inline]
    fn child(&self, parent: NodeId, first: u8) -> Option<NodeId> {
        self.arena.find(self.node(parent).branches, first).map(NodeId)
    }

    #[inline]
    fn label(&self, id: NodeId) -> &[u8] {
        self.labels.get(&self.node(id).label)
    }

    fn set_label(&mut self, id: NodeId, label: &[u8]) {
        let label = self.labels.make(label);
        let old = std::mem::replace(&mut self.node_mut(id).label, label);
        self.labels.release(old);
    }

    #[inline]
    fn node(&self, id: NodeId) -> &Node<V> {
        &self.nodes[id.0 as usize]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node<V> {
        &mut self.nodes[id.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

    use super::*;

    #[derive(Debug, Default)]
    struct Count(u32);

    impl Payload for Count {
        fn is_vacant(&self) -> bool {
            self.0 == 0
        }
    }

    fn add(tree: &mut RadixTree<Count>, key: &[u8]) {
        let id = tree.insert(key);
        tree.get_mut(id).unwrap().0 += 1;
    }

    fn remove(tree: &mut RadixTree<Count>, key: &[u8]) {
        let id = tree.find(key).unwrap();
        tree.get_mut(id).unwrap().0 -= 1;
        tree.prune(id);
    }

    fn hits(tree: &RadixTree<Count>, topic: &[u8]) -> Vec<u32> {
        let mut found = Vec::new();
        tree.visit_prefixes(topic, |count| {
            found.push(count.0);
            true
        });
        found
    }

    /// Structure: children that know their parent, no vacant node that a merge or an unlink would remove.
    fn check(tree: &RadixTree<Count>) {
        let (mut stack, mut reached, mut long) = (vec![ROOT], 0, 0);
        while let Some(at) = stack.pop() {
            reached += 1;
            let node = tree.node(at);
            long += usize::from(tree.label(at).len() > 21);
            let children: Vec<u32> = tree.arena.children(node.branches).map(|(_, child)| child).collect();
            let alone = |child: u32| tree.label(at).len() + tree.label(NodeId(child)).len() <= MOST;
            let useless = match children[..] {
                [] => true,
                [child] => alone(child),
                _ => false,
            };
            assert!(at == ROOT || !node.payload.is_vacant() || !useless, "useless node");
            assert!(tree.label(at).len() <= MOST);
            for child in children.iter().map(|child| NodeId(*child)) {
                assert_eq!(tree.child(at, tree.label(child)[0]), Some(child));
                assert_eq!(tree.node(child).parent, at);
                stack.push(child);
            }
        }
        assert_eq!(reached + tree.free.len(), tree.nodes.len(), "a node is neither used nor free");
        assert_eq!(long, tree.labels.long(), "a label is neither used nor free");
    }

    #[test]
    fn splits_and_merges_keep_the_numbers_of_keys() {
        let mut tree = RadixTree::new();
        add(&mut tree, b"weather.oslo");
        let oslo = tree.find(b"weather.oslo").unwrap();
        add(&mut tree, b"weather.bergen");
        add(&mut tree, b"weather");
        assert_eq!(tree.find(b"weather.oslo"), Some(oslo));
        assert_eq!(tree.key(oslo), b"weather.oslo");
        assert_eq!(hits(&tree, b"weather.oslo.today"), [1, 1]);
        remove(&mut tree, b"weather");
        remove(&mut tree, b"weather.bergen");
        check(&tree);
        assert_eq!(tree.find(b"weather.oslo"), Some(oslo));
        assert_eq!(tree.key(oslo), b"weather.oslo");
        remove(&mut tree, b"weather.oslo");
        assert_eq!((tree.nodes.len(), tree.free.len()), (1, 0));
    }

    #[test]
    fn long_keys_and_deep_trees_are_fine() {
        let mut tree = RadixTree::new();
        let deep = vec![b'x'; 4_000];
        for length in (0..=deep.len()).step_by(2) {
            add(&mut tree, &deep[..length]);
        }
        assert_eq!(hits(&tree, &deep).len(), 2_001);
        assert_eq!(hits(&tree, &deep[..99]).len(), 50);
        for length in (0..=deep.len()).step_by(2) {
            remove(&mut tree, &deep[..length]);
        }
        check(&tree);
        add(&mut tree, &deep);
        assert!(hits(&tree, &deep[..3_999]).is_empty());
        assert_eq!(hits(&tree, &deep), [1]);
    }

    #[test]
    fn a_long_key_costs_no_more_when_it_is_cut_and_whole_again() {
        let mut tree = RadixTree::new();
        let long = vec![b'x'; 10 * MOST + 3];
        add(&mut tree, &long);
        let (id, nodes) = (tree.find(&long), tree.nodes.len());
        for length in (1..long.len()).chain((1..long.len()).rev()) {
            add(&mut tree, &long[..length]);
            check(&tree);
            assert_eq!(hits(&tree, &long), [1, 1]);
            remove(&mut tree, &long[..length]);
            check(&tree);
            assert_eq!((tree.find(&long), tree.key(id.unwrap())), (id, long.clone()));
        }
        assert!(tree.nodes.len() <= 2 * nodes, "{} and {nodes}", tree.nodes.len());
        remove(&mut tree, &long);
        assert_eq!(tree.nodes.len(), 1);
    }

    #[test]
    fn a_node_is_28_bytes_and_its_payload() {
        assert_eq!(size_of::<Node<[u32; 2]>>(), 32 + 8);
    }

    /// Few letters and short keys make shared prefixes frequent; some keys are longer than an inline label.
    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            4 => prop::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(0), Just(255)], 0..6),
            1 => prop::collection::vec(Just(b'a'), 20..100),
            1 => prop::collection::vec(any::<u8>(), 0..4),
        ]
    }

    #[test]
    fn behaves_like_a_sorted_map_of_counts() {
        let seed = [7; 32];
        println!("seed {seed:?}");
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config { cases: 300, ..Config::default() }, rng);
        let steps = prop::collection::vec((any::<bool>(), key(), key()), 1..120);
        let law = |steps: Vec<(bool, Vec<u8>, Vec<u8>)>| {
            let (mut tree, mut model) = (RadixTree::new(), BTreeMap::<Vec<u8>, u32>::new());
            for (adding, key, topic) in steps {
                if adding {
                    add(&mut tree, &key);
                    *model.entry(key).or_default() += 1;
                } else if let Some(near) = model.range(key..).next().map(|(near, _)| near.clone()) {
                    remove(&mut tree, &near);
                    let left = model.get_mut(&near).unwrap();
                    *left -= 1;
                    if *left == 0 {
                        model.remove(&near);
                    }
                }
                check(&tree);
                let naive = model.iter().filter(|(key, _)| topic.starts_with(key)).map(|(_, count)| *count);
                prop_assert_eq!(hits(&tree, &topic), naive.collect::<Vec<_>>());
                let keys: BTreeSet<_> = tree.keys().collect();
                prop_assert!(keys.iter().eq(model.keys()));
            }
            Ok(())
        };
        runner.run(&steps, law).unwrap();
    }
}
