//! ROUTER: the first frame names the peer, sending and receiving (RFC 28).

use std::collections::HashMap;
use std::hash::{BuildHasher, DefaultHasher, Hasher};

use bytes::Bytes;

use super::fair_queue::FairQueue;
use super::rules::{Rules, put};
use super::{DropCause, Identified, Inbox, PatternOption, PipeId, Pipes, Route, RouteError};
use crate::{Frame, Message};

/// Longest routing id a peer may give itself, in bytes (RFC 37).
const LONGEST_ID: usize = 255;

#[derive(Debug)]
pub(super) struct Router {
    inbound: FairQueue,
    ahead: Option<Message>,
    /// The pipes that can be sent to, by id.
    by_id: HashMap<Frame, PipeId, Seeded>,
    peers: Vec<Peer>,
    /// The next generated id.
    counter: u32,
    mandatory: bool,
    handover: bool,
}

/// What is known about one pipe number.
#[derive(Debug, Default)]
struct Peer {
    attached: bool,
    /// `readable` was called before the id was known: a message cannot be handed out without it.
    waiting: bool,
    /// Also kept when the claim to the id has ended, for the messages still to be read.
    id: Option<Frame>,
    /// The id was made here, not given by the peer.
    generated: bool,
}

impl Router {
    pub(super) fn new(entropy: u64) -> Self {
        Self {
            inbound: FairQueue::default(),
            ahead: None,
            by_id: HashMap::with_hasher(Seeded(entropy)),
            peers: Vec::new(),
            counter: (entropy >> 32) as u32,
            mandatory: false,
            handover: false,
        }
    }

    pub(super) fn routing_id(&self, pipe: PipeId) -> Option<&[u8]> {
        let id = self.peers.get(pipe.index())?.id.as_ref()?;
        (self.by_id.get(id.as_slice()) == Some(&pipe)).then_some(id)
    }

    /// An id that no peer has: 00 and a big-endian 32-bit counter. A peer may have taken such an id for itself.
    fn generate(&mut self) -> Frame {
        loop {
            let [a, b, c, d] = self.counter.to_be_bytes();
            self.counter = self.counter.wrapping_add(1);
            let id = Frame::from([0, a, b, c, d]);
            if !self.by_id.contains_key(id.as_slice()) {
                return id;
            }
        }
    }

    /// Whether the newcomer may take the id over from the pipe that has it. Never a generated one: only a peer that
    /// guessed can ask for it, and it would get another's replies.
    fn yields(&self, holder: PipeId) -> bool {
        self.handover && self.peers.get(holder.index()).is_some_and(|peer| !peer.generated)
    }

    fn name(&mut self, pipe: PipeId, id: Frame, generated: bool) {
        let Some(peer) = self.peers.get_mut(pipe.index()) else { return };
        peer.id = Some(id.clone());
        peer.generated = generated;
        self.by_id.insert(id, pipe);
        self.inbound.attach(pipe);
        if std::mem::take(&mut peer.waiting) {
            self.inbound.readable(pipe);
        }
    }

    /// The pipe can no longer be sent to; its messages are still labelled with the id it had.
    fn unlist(&mut self, pipe: PipeId) {
        let Some(id) = self.peers.get(pipe.index()).and_then(|peer| peer.id.as_ref()) else { return };
        if self.by_id.get(id.as_slice()) == Some(&pipe) {
            self.by_id.remove(id.as_slice());
        }
    }

    fn next_message<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> Option<Message> {
        let mut message = self.inbound.recv(inbox)?;
        let peer = self.inbound.last().and_then(|pipe| self.peers.get(pipe.index()));
        message.push_front(peer.and_then(|peer| peer.id.clone()).unwrap_or_default());
        Some(message)
    }
}

impl Rules for Router {
    fn set(&mut self, option: PatternOption) {
        match option {
            PatternOption::RouterMandatory(on) => self.mandatory = on,
            PatternOption::RouterHandover(on) => self.handover = on,
            _ => {}
        }
    }

    /// Nothing can be sent to the pipe before `identify`.
    fn attach(&mut self, pipe: PipeId) -> bool {
        if self.peers.len() <= pipe.index() {
            self.peers.resize_with(pipe.index() + 1, Peer::default);
        }
        self.peers[pipe.index()].attached = true;
        true
    }

    fn identify(&mut self, pipe: PipeId, routing_id: Bytes) -> Identified {
        let Some(peer) = self.peers.get(pipe.index()).filter(|peer| peer.attached) else {
            return Identified::Refused;
        };
        if peer.id.is_some() {
            return Identified::Accepted;
        }
        if routing_id.is_empty() {
            let id = self.generate();
            self.name(pipe, id, true);
            return Identified::Accepted;
        }
        let id = Frame::from(routing_id);
        match self.by_id.get(id.as_slice()).copied() {
            _ if id.len() > LONGEST_ID => Identified::Refused,
            None => {
                self.name(pipe, id, false);
                Identified::Accepted
            }
            Some(holder) if self.yields(holder) => {
                self.name(pipe, id, false);
                Identified::Replaced(holder)
            }
            Some(_) => Identified::Refused,
        }
    }

    fn retire(&mut self, pipe: PipeId) -> bool {
        self.unlist(pipe);
        false
    }

    fn detach(&mut self, pipe: PipeId) -> bool {
        self.unlist(pipe);
        self.inbound.detach(pipe);
        if let Some(peer) = self.peers.get_mut(pipe.index()) {
            *peer = Peer::default();
        }
        false
    }

    #[inline]
    fn readable(&mut self, pipe: PipeId) {
        match self.peers.get_mut(pipe.index()) {
            Some(peer) if peer.id.is_some() => self.inbound.readable(pipe),
            Some(peer) if peer.attached => peer.waiting = true,
            _ => {}
        }
    }

    fn recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I, into: &mut Message) -> Result<bool, RouteError> {
        let message = self.ahead.take().or_else(|| self.next_message(inbox));
        Ok(put(message, into))
    }

    fn can_recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> bool {
        if self.ahead.is_none() {
            self.ahead = self.next_message(inbox);
        }
        self.ahead.is_some()
    }

    /// An id frame with nothing after it is a no-op that succeeds, also with `ROUTER_MANDATORY` (libzmq).
    fn reserve<P: Pipes + ?Sized>(&mut self, message: &Message, pipes: &P) -> Result<Route, RouteError> {
        if !message.is_multipart() {
            return Ok(Route::Discard(DropCause::Unroutable));
        }
        match self.by_id.get(message.bytes()) {
            Some(&pipe) if pipes.writable(pipe) => Ok(Route::One(pipe)),
            Some(_) if self.mandatory => Err(RouteError::WouldBlock),
            Some(_) => Ok(Route::Discard(DropCause::HighWater)),
            None if self.mandatory => Err(RouteError::HostUnreachable),
            None => Ok(Route::Discard(DropCause::Unroutable)),
        }
    }

    fn commit<I: Inbox + ?Sized>(&mut self, _route: &Route, message: &mut Message, _inbox: &mut I) {
        message.pop_front();
    }

    fn can_send<P: Pipes + ?Sized>(&self, pipes: &P) -> bool {
        !self.mandatory || self.by_id.values().any(|pipe| pipes.writable(*pipe))
    }

    fn queued(&self) -> usize {
        usize::from(self.ahead.is_some())
    }
}

/// SipHash after a secret prefix: peers choose their ids, so collisions must not be predictable.
#[derive(Debug, Clone)]
struct Seeded(u64);

impl BuildHasher for Seeded {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}

#[cfg(test)]
mod tests {
    use ohmq_spec::SocketType::Router as ROUTER;

    use super::super::testing::{Engine, multi, pattern};
    use super::super::{Pattern, Route};
    use super::*;

    fn named(options: &[PatternOption], names: &[&'static str]) -> Pattern {
        let mut router = pattern(ROUTER, options, names.len() as u32);
        for (pipe, name) in names.iter().enumerate() {
            let answer = router.identify(PipeId(pipe as u32), Bytes::from_static(name.as_bytes()));
            assert_eq!(answer, Identified::Accepted);
        }
        router
    }

    #[test]
    fn the_first_frame_names_the_peer() {
        let (mut router, mut engine) = (named(&[], &["anna", "bo"]), Engine::default());
        engine.arrive(&mut router, 1, multi(["", "hi"]));
        assert_eq!(engine.recv(&mut router), Ok(Some(multi(["bo", "", "hi"]))));
        let (route, wire) = engine.send(&mut router, multi(["anna", "", "hello"])).unwrap();
        assert_eq!((route, wire), (Route::One(PipeId(0)), multi(["", "hello"])));
        assert_eq!(engine.send(&mut router, multi(["anna", ""])).unwrap().1, Message::new());
    }

    #[test]
    fn generated_ids_are_00_and_a_counter_that_skips_what_is_taken() {
        let mut router = pattern(ROUTER, &[], 4);
        for (pipe, expected) in [(0, [0, 1, 2, 3, 4]), (1, [0, 1, 2, 3, 5])] {
            assert_eq!(router.identify(PipeId(pipe), Bytes::new()), Identified::Accepted);
            assert_eq!(router.routing_id(PipeId(pipe)), Some(&expected[..]));
        }
        router.identify(PipeId(2), Bytes::from_static(&[0, 1, 2, 3, 6]));
        router.identify(PipeId(3), Bytes::new());
        assert_eq!(router.routing_id(PipeId(3)), Some(&[0, 1, 2, 3, 7][..]));
    }

    #[test]
    fn unknown_and_full_peers_lose_the_message_unless_mandatory() {
        let (mut router, mut engine) = (named(&[], &["anna"]), Engine::default());
        let cause = |sent: Result<(Route, Message), RouteError>| sent.map(|(route, _)| route);
        assert_eq!(
            cause(engine.send(&mut router, multi(["bo", "x"]))),
            Ok(Route::Discard(DropCause::Unroutable))
        );
        assert_eq!(cause(engine.send(&mut router, "anna")), Ok(Route::Discard(DropCause::Unroutable)));
        engine.fill(0, true);
        assert!(router.can_send(&engine));
        assert_eq!(
            cause(engine.send(&mut router, multi(["anna", "x"]))),
            Ok(Route::Discard(DropCause::HighWater))
        );
        router.set(PatternOption::RouterMandatory(true));
        assert!(!router.can_send(&engine));
        assert_eq!(cause(engine.send(&mut router, multi(["anna", "x"]))), Err(RouteError::WouldBlock));
        assert_eq!(cause(engine.send(&mut router, multi(["bo", "x"]))), Err(RouteError::HostUnreachable));
        assert_eq!(cause(engine.send(&mut router, "anna")), Ok(Route::Discard(DropCause::Unroutable)));
    }

    #[test]
    fn a_peer_is_known_only_once_it_has_an_id() {
        let (mut router, mut engine) = (pattern(ROUTER, &[], 1), Engine::default());
        engine.arrive(&mut router, 0, "early");
        assert_eq!(engine.recv(&mut router), Ok(None));
        assert_eq!(router.routing_id(PipeId(0)), None);
        router.identify(PipeId(0), Bytes::from_static(b"anna"));
        assert_eq!(engine.recv(&mut router), Ok(Some(multi(["anna", "early"]))));
    }

    #[test]
    fn an_id_given_on_connect_or_before_a_reconnect_stays() {
        let mut router = named(&[], &["chosen"]);
        router.lost(PipeId(0));
        for own in ["", "other"] {
            assert_eq!(router.identify(PipeId(0), Bytes::from_static(own.as_bytes())), Identified::Accepted);
            assert_eq!(router.routing_id(PipeId(0)), Some(&b"chosen"[..]));
        }
    }

    #[test]
    fn a_second_peer_with_the_same_id_is_ignored() {
        let (mut router, mut engine) = (named(&[], &["anna"]), Engine::default());
        router.attach(PipeId(1));
        assert_eq!(router.identify(PipeId(1), Bytes::from_static(b"anna")), Identified::Refused);
        engine.arrive(&mut router, 1, "ignored");
        assert_eq!(engine.recv(&mut router), Ok(None));
        assert_eq!(engine.send_one(&mut router, multi(["anna", "x"])), 0);
        router.detach(PipeId(1));
        assert_eq!(engine.send_one(&mut router, multi(["anna", "x"])), 0);
    }

    #[test]
    fn with_handover_the_newcomer_takes_over() {
        let (mut router, mut engine) =
            (named(&[PatternOption::RouterHandover(true)], &["anna"]), Engine::default());
        router.attach(PipeId(1));
        assert_eq!(router.identify(PipeId(1), Bytes::from_static(b"anna")), Identified::Replaced(PipeId(0)));
        assert_eq!(engine.send_one(&mut router, multi(["anna", "x"])), 1);
        router.detach(PipeId(0));
        assert_eq!(engine.send_one(&mut router, multi(["anna", "x"])), 1);
    }

    #[test]
    fn a_generated_id_cannot_be_taken_over() {
        let mut router = pattern(ROUTER, &[PatternOption::RouterHandover(true)], 2);
        router.identify(PipeId(0), Bytes::new());
        let stolen = Bytes::copy_from_slice(router.routing_id(PipeId(0)).unwrap());
        assert_eq!(router.identify(PipeId(1), stolen), Identified::Refused);
    }

    #[test]
    fn ids_have_at_most_255_bytes() {
        let mut router = pattern(ROUTER, &[], 2);
        assert_eq!(router.identify(PipeId(0), Bytes::from(vec![b'a'; 255])), Identified::Accepted);
        assert_eq!(router.identify(PipeId(1), Bytes::from(vec![b'b'; 256])), Identified::Refused);
    }

    #[test]
    fn a_peer_that_comes_back_gets_its_id_while_its_old_messages_are_unread() {
        let (mut router, mut engine) =
            (named(&[PatternOption::RouterMandatory(true)], &["anna"]), Engine::default());
        engine.arrive(&mut router, 0, "old");
        router.retire(PipeId(0));
        assert_eq!(engine.send(&mut router, multi(["anna", "x"])), Err(RouteError::HostUnreachable));
        router.attach(PipeId(1));
        assert_eq!(router.identify(PipeId(1), Bytes::from_static(b"anna")), Identified::Accepted);
        assert_eq!(engine.recv(&mut router), Ok(Some(multi(["anna", "old"]))));
        router.detach(PipeId(0));
        assert_eq!(engine.send_one(&mut router, multi(["anna", "x"])), 1);
    }
}
