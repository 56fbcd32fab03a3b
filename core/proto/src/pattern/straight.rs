//! PUSH, PULL, DEALER and PAIR: messages as they are, sent in turn and received fairly (RFC 28, 30, 31).

use ohmq_spec::SocketType;

use super::fair_queue::FairQueue;
use super::load_balancer::LoadBalancer;
use super::rules::{Rules, put};
use super::{InboundDrops, Inbox, PipeId, Pipes, Route, RouteError};
use crate::Message;

/// The patterns without envelopes, filters or states. PUSH and PULL are DEALER with one direction refused.
#[derive(Debug)]
pub(super) struct Straight {
    out: LoadBalancer,
    inbound: FairQueue,
    ahead: Option<Message>,
    dropped: InboundDrops,
    /// PAIR: one peer at a time.
    exclusive: bool,
    /// PUSH: what peers send is dropped.
    deaf: bool,
}

impl Straight {
    pub(super) fn new(socket_type: SocketType) -> Self {
        Self {
            out: LoadBalancer::default(),
            inbound: FairQueue::default(),
            ahead: None,
            dropped: InboundDrops::default(),
            exclusive: socket_type == SocketType::Pair,
            deaf: !socket_type.receives(),
        }
    }

    /// The pipe whose turn it is.
    #[inline]
    pub(super) fn choose<P: Pipes + ?Sized>(&self, pipes: &P) -> Option<PipeId> {
        self.out.choose(pipes)
    }

    /// The only pipe there is to be sent to.
    #[inline]
    pub(super) fn only_target(&self) -> Option<PipeId> {
        self.out.only()
    }

    /// The only pipe with anything to be received.
    #[inline]
    pub(super) fn only_source(&self) -> Option<PipeId> {
        self.inbound.only().filter(|_| self.ahead.is_none())
    }

    /// The pipe had its turn.
    #[inline]
    pub(super) fn sent(&mut self, pipe: PipeId) {
        self.out.sent(pipe);
    }
}

impl Rules for Straight {
    fn attach(&mut self, pipe: PipeId) -> bool {
        if self.exclusive && !self.out.is_empty() && !self.out.contains(pipe) {
            return false;
        }
        self.out.attach(pipe);
        self.inbound.attach(pipe);
        true
    }

    fn retire(&mut self, pipe: PipeId) -> bool {
        self.out.detach(pipe);
        false
    }

    fn detach(&mut self, pipe: PipeId) -> bool {
        self.out.detach(pipe);
        self.inbound.detach(pipe);
        false
    }

    fn received(&mut self, _pipe: PipeId, message: Message) -> Option<Message> {
        if self.deaf {
            self.dropped.unsupported += 1;
            return None;
        }
        Some(message)
    }

    #[inline]
    fn readable(&mut self, pipe: PipeId) {
        self.inbound.readable(pipe);
    }

    #[inline]
    fn recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I, into: &mut Message) -> Result<bool, RouteError> {
        Ok(if self.ahead.is_some() {
            put(self.ahead.take(), into)
        } else {
            self.inbound.recv_into(inbox, into)
        })
    }

    #[inline]
    fn can_recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> bool {
        if self.ahead.is_none() {
            self.ahead = self.inbound.recv(inbox);
        }
        self.ahead.is_some()
    }

    #[inline]
    fn reserve<P: Pipes + ?Sized>(&mut self, _message: &Message, pipes: &P) -> Result<Route, RouteError> {
        self.choose(pipes).map(Route::One).ok_or(RouteError::WouldBlock)
    }

    #[inline]
    fn commit<I: Inbox + ?Sized>(&mut self, route: &Route, _message: &mut Message, _inbox: &mut I) {
        if let Route::One(pipe) = route {
            self.sent(*pipe);
        }
    }

    #[inline]
    fn can_send<P: Pipes + ?Sized>(&self, pipes: &P) -> bool {
        self.choose(pipes).is_some()
    }

    fn dropped(&self) -> InboundDrops {
        self.dropped
    }

    fn queued(&self) -> usize {
        usize::from(self.ahead.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Engine, pattern};
    use super::super::{PipeId, Route, RouteError};
    use super::*;

    #[test]
    fn push_takes_turns_and_skips_full_pipes() {
        let (mut push, mut engine) = (pattern(SocketType::Push, &[], 3), Engine::default());
        let sent: Vec<_> = (0..4).map(|_| engine.send_one(&mut push, "job")).collect();
        assert_eq!(sent, [0, 1, 2, 0]);
        engine.fill(1, true);
        assert_eq!(engine.send_one(&mut push, "job"), 2);
        engine.fill(1, false);
        assert_eq!([0, 1, 2].map(|_| engine.send_one(&mut push, "job")), [0, 1, 2]);
        (0..3).for_each(|pipe| engine.fill(pipe, true));
        assert!(!push.can_send(&engine));
        assert_eq!(engine.send(&mut push, "job"), Err(RouteError::WouldBlock));
    }

    #[test]
    fn a_dropped_reservation_does_not_cost_a_turn() {
        let (mut push, engine) = (pattern(SocketType::Push, &[], 2), Engine::default());
        for _ in 0..3 {
            assert_eq!(push.reserve(&Message::from("job"), &engine), Ok(Route::One(PipeId(0))));
        }
    }

    #[test]
    fn directions_that_do_not_exist_are_refused() {
        let (mut push, mut pull) = (pattern(SocketType::Push, &[], 1), pattern(SocketType::Pull, &[], 1));
        let mut stream = pattern(SocketType::Stream, &[], 1);
        let mut engine = Engine::default();
        engine.arrive(&mut push, 0, "noise");
        assert_eq!(engine.recv(&mut push), Err(RouteError::NotSupported));
        assert_eq!((push.dropped().unsupported, push.queued()), (1, 0));
        assert_eq!(engine.send(&mut pull, "noise"), Err(RouteError::NotSupported));
        assert!(!pull.can_send(&engine) && !stream.can_send(&engine));
        assert_eq!(engine.recv(&mut stream), Err(RouteError::NotSupported));
    }

    #[test]
    fn pull_takes_one_message_from_each_in_turn() {
        let (mut pull, mut engine) = (pattern(SocketType::Pull, &[], 3), Engine::default());
        for pipe in [0, 0, 0, 2, 2] {
            engine.arrive(&mut pull, pipe, [b'0' + pipe as u8]);
        }
        let mut order = String::new();
        while let Ok(Some(message)) = engine.recv(&mut pull) {
            order.push(char::from(message.bytes()[0]));
        }
        assert_eq!(order, "02020");
        engine.arrive(&mut pull, 1, "1");
        assert_eq!(engine.recv(&mut pull), Ok(Some("1".into())));
    }

    #[test]
    fn pair_has_one_peer_and_a_retired_one_is_still_read() {
        let (mut pair, mut engine) = (pattern(SocketType::Pair, &[], 1), Engine::default());
        assert!(!pair.attach(PipeId(1)));
        assert!(pair.attach(PipeId(0)), "attaching the same pipe again is harmless");
        engine.arrive(&mut pair, 0, "last words");
        pair.retire(PipeId(0));
        assert_eq!(engine.send(&mut pair, "hello?"), Err(RouteError::WouldBlock));
        assert!(pair.attach(PipeId(1)));
        assert_eq!(engine.send_one(&mut pair, "hello"), 1);
        assert_eq!(engine.recv(&mut pair), Ok(Some("last words".into())));
        pair.detach(PipeId(0));
        assert_eq!(engine.send_one(&mut pair, "hello"), 1);
    }

    #[test]
    fn a_message_looked_at_survives_its_pipe() {
        let (mut dealer, mut engine) = (pattern(SocketType::Dealer, &[], 1), Engine::default());
        engine.arrive(&mut dealer, 0, "kept");
        engine.arrive(&mut dealer, 0, "left behind");
        assert!(dealer.can_recv(&mut engine));
        assert_eq!(dealer.queued(), 1);
        dealer.detach(PipeId(0));
        assert_eq!(engine.recv(&mut dealer), Ok(Some("kept".into())));
        assert_eq!(engine.recv(&mut dealer), Ok(None));
    }
}
