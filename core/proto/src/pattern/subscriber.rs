//! SUB and XSUB: subscriptions upstream, messages downstream (RFC 29).

use bytes::Bytes;

use super::fair_queue::FairQueue;
use super::radix::{Payload, RadixTree};
use super::rules::{Rules, put};
use super::{DropCause, InboundDrops, Inbox, PipeId, Pipes, Route, RouteError};
use crate::Message;

#[derive(Debug)]
pub(super) struct Subscriber {
    inbound: FairQueue,
    ahead: Option<Message>,
    topics: Topics,
    /// The pipes a user message of XSUB is sent to.
    upstream: Vec<PipeId>,
    targets: Vec<PipeId>,
    dropped: InboundDrops,
    /// SUB: messages are matched here too, against publishers that do not filter and messages under way.
    filters: bool,
}

impl Subscriber {
    /// SUB when it filters, else XSUB.
    pub(super) fn new(filters: bool) -> Self {
        Self {
            inbound: FairQueue::default(),
            ahead: None,
            topics: Topics { tree: RadixTree::new(), count: 0 },
            upstream: Vec::new(),
            targets: Vec::new(),
            dropped: InboundDrops::default(),
            filters,
        }
    }

    /// The only pipe with anything to be received, if all of it is wanted.
    #[inline]
    pub(super) fn only_source(&self) -> Option<PipeId> {
        self.inbound.only().filter(|_| self.ahead.is_none() && (!self.filters || self.topics.matches(&[])))
    }

    #[inline]
    fn next_message<I: Inbox + ?Sized>(&mut self, inbox: &mut I, into: &mut Message) -> bool {
        while self.inbound.recv_into(inbox, into) {
            if !self.filters || self.topics.matches(into.bytes()) {
                return true;
            }
            self.dropped.filtered += 1;
        }
        false
    }
}

/// A single-part message that starts with 1 or 0 is a subscription or its cancellation.
fn subscription(message: &Message) -> Option<(bool, Bytes)> {
    let [frame] = message.frames() else { return None };
    let subscribe = match frame.first()? {
        1 => true,
        0 => false,
        _ => return None,
    };
    Some((subscribe, frame.to_bytes().slice(1..)))
}

impl Rules for Subscriber {
    fn attach(&mut self, pipe: PipeId) -> bool {
        self.inbound.attach(pipe);
        if !self.upstream.contains(&pipe) {
            self.upstream.push(pipe);
        }
        true
    }

    fn retire(&mut self, pipe: PipeId) -> bool {
        self.upstream.retain(|each| *each != pipe);
        false
    }

    fn detach(&mut self, pipe: PipeId) -> bool {
        self.inbound.detach(pipe);
        self.retire(pipe)
    }

    fn subscribe(&mut self, topic: &[u8]) -> bool {
        self.topics.add(topic);
        true
    }

    fn unsubscribe(&mut self, topic: &[u8]) -> bool {
        self.topics.remove(topic)
    }

    fn subscriptions(&self) -> Vec<Bytes> {
        self.topics.tree.keys().map(Bytes::from).collect()
    }

    fn topics_count(&self) -> usize {
        self.topics.count
    }

    #[inline]
    fn readable(&mut self, pipe: PipeId) {
        self.inbound.readable(pipe);
    }

    fn recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I, into: &mut Message) -> Result<bool, RouteError> {
        Ok(match self.ahead {
            None => self.next_message(inbox, into),
            Some(_) => put(self.ahead.take(), into),
        })
    }

    fn can_recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> bool {
        if self.ahead.is_none() {
            let mut message = Message::new();
            self.ahead = self.next_message(inbox, &mut message).then_some(message);
        }
        self.ahead.is_some()
    }

    fn reserve<P: Pipes + ?Sized>(&mut self, message: &Message, pipes: &P) -> Result<Route, RouteError> {
        if let Some((subscribe, topic)) = subscription(message) {
            let forward = subscribe || self.topics.references(&topic) == 1;
            return Ok(Route::Subscription { subscribe, topic, forward });
        }
        if self.upstream.is_empty() {
            return Ok(Route::Discard(DropCause::NoPeer));
        }
        self.targets.clear();
        self.targets.extend(self.upstream.iter().filter(|pipe| pipes.writable(**pipe)));
        let full = self.upstream.len() - self.targets.len();
        Ok(Route::Many { targets: self.targets.len() as u32, full: full as u32 })
    }

    fn commit<I: Inbox + ?Sized>(&mut self, route: &Route, _message: &mut Message, _inbox: &mut I) {
        match route {
            Route::Subscription { subscribe: true, topic, .. } => self.topics.add(topic),
            Route::Subscription { subscribe: false, topic, .. } => _ = self.topics.remove(topic),
            _ => {}
        }
    }

    fn can_send<P: Pipes + ?Sized>(&self, _pipes: &P) -> bool {
        true
    }

    fn targets(&self) -> &[PipeId] {
        &self.targets
    }

    fn dropped(&self) -> InboundDrops {
        self.dropped
    }

    fn queued(&self) -> usize {
        usize::from(self.ahead.is_some())
    }
}

/// The socket's own subscriptions, each with the number of times it was asked for.
#[derive(Debug)]
struct Topics {
    tree: RadixTree<References>,
    count: usize,
}

#[derive(Debug, Default)]
struct References(u64);

impl Payload for References {
    fn is_vacant(&self) -> bool {
        self.0 == 0
    }
}

impl Topics {
    fn add(&mut self, topic: &[u8]) {
        let id = self.tree.insert(topic);
        if let Some(references) = self.tree.get_mut(id) {
            references.0 += 1;
            self.count += usize::from(references.0 == 1);
        }
    }

    /// Whether that was the last reference.
    fn remove(&mut self, topic: &[u8]) -> bool {
        let Some(id) = self.tree.find(topic) else { return false };
        let Some(references) = self.tree.get_mut(id).filter(|references| !references.is_vacant()) else {
            return false;
        };
        references.0 -= 1;
        if !references.is_vacant() {
            return false;
        }
        self.count -= 1;
        self.tree.prune(id);
        true
    }

    fn references(&self, topic: &[u8]) -> u64 {
        let found = self.tree.find(topic).and_then(|id| self.tree.get(id));
        found.map_or(0, |references| references.0)
    }

    #[inline]
    fn matches(&self, topic: &[u8]) -> bool {
        if let Some(everything) = self.tree.only_empty_key() {
            return !everything.is_vacant();
        }
        !self.tree.visit_prefixes(topic, |_| false)
    }
}

#[cfg(test)]
mod tests {
    use ohmq_spec::SocketType::{Sub as SUB, XSub as XSUB};

    use super::super::Pattern;
    use super::super::testing::{Engine, multi, pattern};
    use super::*;

    #[test]
    fn sub_hears_only_what_it_asked_for() {
        let (mut sub, mut engine) = (pattern(SUB, &[], 1), Engine::default());
        engine.arrive(&mut sub, 0, "a");
        assert_eq!(engine.recv(&mut sub), Ok(None));
        assert!(sub.subscribe(b"a") && sub.subscribe(b"a"));
        assert_eq!(sub.topics_count(), 1);
        engine.arrive(&mut sub, 0, multi(["b", "a"]));
        engine.arrive(&mut sub, 0, multi(["ab", "x"]));
        assert_eq!(engine.recv(&mut sub), Ok(Some(multi(["ab", "x"]))));
        assert!(!sub.unsubscribe(b"a"), "one reference is left");
        assert_eq!(sub.subscriptions(), ["a"]);
        assert!(sub.unsubscribe(b"a") && !sub.unsubscribe(b"a"));
        engine.arrive(&mut sub, 0, "a");
        assert_eq!(engine.recv(&mut sub), Ok(None));
        assert_eq!((sub.dropped().filtered, sub.subscriptions().len()), (3, 0));
        assert_eq!(engine.send(&mut sub, "x"), Err(RouteError::NotSupported));
    }

    #[test]
    fn the_empty_subscription_is_everything() {
        let (mut sub, mut engine) = (pattern(SUB, &[], 1), Engine::default());
        sub.subscribe(b"");
        engine.arrive(&mut sub, 0, "");
        engine.arrive(&mut sub, 0, "a");
        assert_eq!(engine.recv(&mut sub), Ok(Some("".into())));
        assert_eq!(engine.recv(&mut sub), Ok(Some("a".into())));
    }

    fn told(xsub: &mut Pattern, message: &'static [u8]) -> Option<(bool, bool)> {
        match Engine::default().send(xsub, message).unwrap().0 {
            Route::Subscription { subscribe, forward, topic } => {
                assert_eq!(topic, message[1..]);
                Some((subscribe, forward))
            }
            _ => None,
        }
    }

    /// test_xsub_verbose: every subscription goes out, a cancellation only for the last reference.
    #[test]
    fn xsub_forwards_the_last_cancellation_only() {
        let mut xsub = pattern(XSUB, &[], 1);
        assert_eq!(told(&mut xsub, b"\x01a"), Some((true, true)));
        assert_eq!(told(&mut xsub, b"\x01a"), Some((true, true)));
        assert_eq!(told(&mut xsub, b"\x00a"), Some((false, false)));
        assert_eq!(told(&mut xsub, b"\x00a"), Some((false, true)));
        assert_eq!(told(&mut xsub, b"\x00a"), Some((false, false)));
        assert_eq!(told(&mut xsub, b"\x01"), Some((true, true)));
        assert_eq!(told(&mut xsub, b""), None);
        assert_eq!(told(&mut xsub, b"\x02a"), None);
        assert_eq!((xsub.subscriptions(), xsub.topics_count()), (vec![Bytes::new()], 1));
    }

    #[test]
    fn a_dropped_subscription_did_not_happen() {
        let mut xsub = pattern(XSUB, &[], 1);
        xsub.reserve(&Message::from(b"\x01a"), &Engine::default()).unwrap();
        assert_eq!(xsub.topics_count(), 0);
    }

    #[test]
    fn xsub_receives_everything_and_sends_user_messages_to_all() {
        let (mut xsub, mut engine) = (pattern(XSUB, &[], 3), Engine::default());
        engine.arrive(&mut xsub, 2, "anything");
        assert_eq!(engine.recv(&mut xsub), Ok(Some("anything".into())));
        engine.fill(1, true);
        xsub.retire(PipeId(2));
        let (route, _) = engine.send(&mut xsub, multi(["\u{1}x", "multipart"])).unwrap();
        assert_eq!(route, Route::Many { targets: 1, full: 1 });
        assert_eq!(xsub.targets(), [PipeId(0)]);
        (0..3).for_each(|pipe| _ = xsub.detach(PipeId(pipe)));
        assert_eq!(engine.send(&mut xsub, "x").unwrap().0, Route::Discard(DropCause::NoPeer));
        assert!(xsub.can_send(&engine));
    }
}
