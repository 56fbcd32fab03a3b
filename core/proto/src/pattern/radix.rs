//! A compressed radix tree over byte strings: which stored keys are prefixes of this topic?
//!
//! A run of bytes without a branch is one node, so a lookup costs a few cache misses whatever the length of the topic,
//! and a stored key costs one node of 80 bytes plus 8 in its parent (labels of up to 22 bytes are inside the node).
//! Nothing recurses: the depth is in the hands of peers.

/// What a node carries for its key. A vacant one is there for the sake of its branches only.
pub(super) trait Payload: Default {
    fn is_vacant(&self) -> bool;
}

/// Number of a node. It keeps naming the same key for as long as the key's payload is not vacant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(u32);

/// Keys with payloads, in an arena.
#[derive(Debug)]
pub(super) struct RadixTree<V> {
    nodes: Vec<Node<V>>,
    free: Vec<NodeId>,
}

#[derive(Debug)]
struct Node<V> {
    /// The bytes between the parent's key and this one's; empty for the root only.
    label: Label,
    /// Sorted by first byte, which is also the first byte of the child's label.
    children: Vec<Child>,
    payload: V,
    parent: NodeId,
}

#[derive(Debug, Clone, Copy)]
struct Child {
    first: u8,
    node: NodeId,
}

const ROOT: NodeId = NodeId(0);

impl<V: Payload> RadixTree<V> {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::new(Label::new(&[]), ROOT)], free: Vec::new() }
    }

    /// The node of this key, made if needed. The caller fills a vacant payload, or calls [`prune`](Self::prune).
    pub(super) fn insert(&mut self, key: &[u8]) -> NodeId {
        let (mut at, mut rest) = (ROOT, key);
        while let Some(&first) = rest.first() {
            let slot = match self.node(at).child(first) {
                Ok(slot) => slot,
                Err(slot) => {
                    let leaf = self.allocate(Node::new(Label::new(rest), at));
                    self.node_mut(at).children.insert(slot, Child { first, node: leaf });
                    return leaf;
                }
            };
            let child = self.node(at).children[slot].node;
            let label = self.node(child).label.as_slice();
            let common = label.iter().zip(rest).take_while(|(a, b)| a == b).count();
            let whole = common == label.len();
            at = if whole { child } else { self.split(at, slot, common) };
            rest = &rest[common..];
        }
        at
    }

    /// The node of this key.
    pub(super) fn find(&self, key: &[u8]) -> Option<NodeId> {
        let (mut at, mut rest) = (ROOT, key);
        while let Some(&first) = rest.first() {
            let node = self.node(at);
            at = node.children[node.child(first).ok()?].node;
            rest = rest.strip_prefix(self.node(at).label.as_slice())?;
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
            let Ok(slot) = node.child(first) else { return true };
            node = self.node(node.children[slot].node);
            let Some(after) = rest.strip_prefix(node.label.as_slice()) else { return true };
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
            length += self.node(at).label.as_slice().len();
            at = self.node(at).parent;
        }
        let mut key = vec![0; length];
        at = id;
        while at != ROOT {
            let label = self.node(at).label.as_slice();
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

    /// The payload of the empty key, when no other key is stored.
    #[inline]
    pub(super) fn only_empty_key(&self) -> Option<&V> {
        let root = self.node(ROOT);
        root.children.is_empty().then_some(&root.payload)
    }

    /// Removes a node whose payload has become vacant, and those that were there for it only.
    pub(super) fn prune(&mut self, id: NodeId) {
        let mut at = id;
        while at != ROOT && self.node(at).payload.is_vacant() {
            let parent = self.node(at).parent;
            match self.node(at).children[..] {
                [] => {
                    self.unlink(parent, at);
                    self.release(at);
                    at = parent;
                }
                [only] => {
                    self.merge(at, only.node);
                    return;
                }
                _ => return,
            }
        }
        if self.node(ROOT).children.is_empty() {
            self.nodes.truncate(1);
            self.nodes.shrink_to(64);
            self.free = Vec::new();
        }
    }

    /// Puts a node between `parent` and its child, so that the child's label is cut after `common` bytes. The child
    /// keeps its number.
    fn split(&mut self, parent: NodeId, slot: usize, common: usize) -> NodeId {
        let child = self.node(parent).children[slot].node;
        let (head, tail) = self.node(child).label.as_slice().split_at(common);
        let (head, tail) = (Label::new(head), Label::new(tail));
        let first = tail.as_slice()[0];
        let mut between = Node::new(head, parent);
        between.children.push(Child { first, node: child });
        let between = self.allocate(between);
        self.node_mut(parent).children[slot].node = between;
        let child = self.node_mut(child);
        child.label = tail;
        child.parent = between;
        between
    }

    /// The undoing of a split: the only child takes the place of its vacant parent and keeps its number.
    fn merge(&mut self, vacant: NodeId, child: NodeId) {
        let parent = self.node(vacant).parent;
        let label = [self.node(vacant).label.as_slice(), self.node(child).label.as_slice()].concat();
        let first = label[0];
        self.node_mut(child).label = Label::new(&label);
        self.node_mut(child).parent = parent;
        if let Ok(slot) = self.node(parent).child(first) {
            self.node_mut(parent).children[slot].node = child;
        }
        self.release(vacant);
    }

    fn unlink(&mut self, parent: NodeId, child: NodeId) {
        let first = self.node(child).label.as_slice()[0];
        if let Ok(slot) = self.node(parent).child(first) {
            self.node_mut(parent).children.remove(slot);
        }
    }

    fn allocate(&mut self, node: Node<V>) -> NodeId {
        if let Some(id) = self.free.pop() {
            *self.node_mut(id) = node;
            return id;
        }
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node);
        id
    }

    fn release(&mut self, id: NodeId) {
        *self.node_mut(id) = Node::new(Label::new(&[]), ROOT);
        self.free.push(id);
    }

    fn node(&self, id: NodeId) -> &Node<V> {
        &self.nodes[id.0 as usize]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node<V> {
        &mut self.nodes[id.0 as usize]
    }
}

impl<V: Payload> Node<V> {
    fn new(label: Label, parent: NodeId) -> Self {
        Self { label, children: Vec::new(), payload: V::default(), parent }
    }

    /// Where the child for this byte is, or belongs.
    #[inline]
    fn child(&self, first: u8) -> Result<usize, usize> {
        self.children.binary_search_by_key(&first, |child| child.first)
    }
}

/// Bytes of a label, inside the node when short: a lookup then reads one line of memory, not two.
#[derive(Debug)]
enum Label {
    Inline { len: u8, bytes: [u8; INLINE] },
    Heap(Box<[u8]>),
}

const INLINE: usize = 22;

impl Label {
    fn new(label: &[u8]) -> Self {
        let mut bytes = [0; INLINE];
        match bytes.get_mut(..label.len()) {
            Some(inline) => {
                inline.copy_from_slice(label);
                Self::Inline { len: label.len() as u8, bytes }
            }
            None => Self::Heap(label.into()),
        }
    }

    #[inline]
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => &bytes[..usize::from(*len).min(INLINE)],
            Self::Heap(bytes) => bytes,
        }
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

    /// Structure: sorted children that know their parent, no vacant node that a merge or an unlink would remove.
    fn check(tree: &RadixTree<Count>) {
        let (mut stack, mut reached) = (vec![ROOT], 0);
        while let Some(at) = stack.pop() {
            reached += 1;
            let node = tree.node(at);
            assert!(node.children.windows(2).all(|pair| pair[0].first < pair[1].first));
            assert!(at == ROOT || !node.payload.is_vacant() || node.children.len() > 1, "useless node");
            for child in &node.children {
                assert_eq!(tree.node(child.node).label.as_slice()[0], child.first);
                assert_eq!(tree.node(child.node).parent, at);
                stack.push(child.node);
            }
        }
        assert_eq!(reached + tree.free.len(), tree.nodes.len(), "a node is neither used nor free");
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
    fn a_node_is_80_bytes() {
        assert_eq!(size_of::<Label>(), 24);
        assert_eq!(size_of::<Node<[u64; 3]>>(), 80);
    }

    /// Few letters and short keys make shared prefixes frequent; some keys are longer than an inline label.
    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            4 => prop::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), Just(0), Just(255)], 0..6),
            1 => prop::collection::vec(Just(b'a'), 20..50),
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
