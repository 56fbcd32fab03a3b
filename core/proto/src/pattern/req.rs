//! REQ: one request, then its reply, strictly in turn (RFC 28).

use super::fair_queue::FairQueue;
use super::load_balancer::LoadBalancer;
use super::rules::{Rules, put};
use super::{InboundDrops, Inbox, PatternOption, PipeId, Pipes, Route, RouteError};
use crate::message::folded::is_folded;
use crate::{Frame, Message};

#[derive(Debug)]
pub(super) struct Req {
    out: LoadBalancer,
    inbound: FairQueue,
    state: State,
    /// The reply found by `can_recv`, envelope removed. Only while [`State::Asked`].
    ahead: Option<Message>,
    request: u32,
    dropped: InboundDrops,
    relaxed: bool,
    correlate: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// A request is out. The reply must come from this pipe; from any when that pipe is gone, as in libzmq.
    Asked(Option<PipeId>),
}

impl Req {
    pub(super) fn new(entropy: u64) -> Self {
        Self {
            out: LoadBalancer::default(),
            inbound: FairQueue::default(),
            state: State::Idle,
            ahead: None,
            request: entropy as u32,
            dropped: InboundDrops::default(),
            relaxed: false,
            correlate: false,
        }
    }

    /// Puts the next valid reply into `into`, if there is one; everything else on the way to it is dropped.
    fn next_reply<I: Inbox + ?Sized>(
        &mut self,
        peer: Option<PipeId>,
        inbox: &mut I,
        into: &mut Message,
    ) -> bool {
        while self.inbound.recv_into(inbox, into) {
            if peer.is_some() && peer != self.inbound.last() {
                self.dropped.stray += 1;
                continue;
            }
            match self.open(into) {
                Ok(()) => return true,
                Err(Unfit::Stray) => self.dropped.stray += 1,
                Err(Unfit::Malformed) => self.dropped.malformed += 1,
            }
        }
        false
    }

    /// Removes the envelope: the request's number when correlating, then the empty delimiter. A body must follow.
    fn open(&self, message: &mut Message) -> Result<(), Unfit> {
        if is_folded(message) {
            return if self.correlate { Err(Unfit::Malformed) } else { Ok(()) };
        }
        match message.frames() {
            [number, delimiter, _, ..] if self.correlate && number.len() == 4 && delimiter.is_empty() => {
                if number.as_slice() != self.request.to_le_bytes() {
                    return Err(Unfit::Stray);
                }
                message.pop_front();
            }
            [delimiter, _, ..] if !self.correlate && delimiter.is_empty() => {}
            _ => return Err(Unfit::Malformed),
        }
        message.pop_front();
        Ok(())
    }

    /// Drops a reply already taken out and everything received so far. Otherwise a second answer to an old request
    /// could pass for the answer to this one.
    fn drain<I: Inbox + ?Sized>(&mut self, inbox: &mut I) {
        self.dropped.stray += u64::from(self.ahead.take().is_some());
        while self.inbound.recv(inbox).is_some() {
            self.dropped.stray += 1;
        }
    }

    fn forget_peer(&mut self, pipe: PipeId) {
        if self.state == State::Asked(Some(pipe)) {
            self.state = State::Asked(None);
        }
    }
}

enum Unfit {
    Stray,
    Malformed,
}

impl Rules for Req {
    fn set(&mut self, option: PatternOption) {
        match option {
            PatternOption::ReqRelaxed(on) => self.relaxed = on,
            PatternOption::ReqCorrelate(on) => self.correlate = on,
            _ => {}
        }
    }

    fn attach(&mut self, pipe: PipeId) -> bool {
        self.out.attach(pipe);
        self.inbound.attach(pipe);
        true
    }

    /// What the retired peer had answered already is still its answer, so the inbox is left to `next_reply`.
    fn retire(&mut self, pipe: PipeId) -> bool {
        self.out.detach(pipe);
        self.forget_peer(pipe);
        false
    }

    fn detach(&mut self, pipe: PipeId) -> bool {
        self.out.detach(pipe);
        self.inbound.detach(pipe);
        self.forget_peer(pipe);
        false
    }

    #[inline]
    fn readable(&mut self, pipe: PipeId) {
        self.inbound.readable(pipe);
    }

    fn recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I, into: &mut Message) -> Result<bool, RouteError> {
        let State::Asked(peer) = self.state else { return Err(RouteError::WrongState) };
        let found = put(self.ahead.take(), into) || self.next_reply(peer, inbox, into);
        if found {
            self.state = State::Idle;
        }
        Ok(found)
    }

    fn can_recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> bool {
        let State::Asked(peer) = self.state else { return false };
        if self.ahead.is_none() {
            let mut reply = Message::new();
            self.ahead = self.next_reply(peer, inbox, &mut reply).then_some(reply);
        }
        self.ahead.is_some()
    }

    fn reserve<P: Pipes + ?Sized>(&mut self, _message: &Message, pipes: &P) -> Result<Route, RouteError> {
        if self.state != State::Idle && !self.relaxed {
            return Err(RouteError::WrongState);
        }
        self.out.choose(pipes).map(Route::One).ok_or(RouteError::WouldBlock)
    }

    fn commit<I: Inbox + ?Sized>(&mut self, route: &Route, message: &mut Message, inbox: &mut I) {
        let Route::One(pipe) = route else { return };
        self.drain(inbox);
        self.out.sent(*pipe);
        self.state = State::Asked(Some(*pipe));
        if self.correlate {
            self.request = self.request.wrapping_add(1);
            let envelope = [Frame::from(self.request.to_le_bytes()), Frame::new()];
            *message = envelope.into_iter().chain(std::mem::take(message)).collect();
        } else if !is_folded(message) {
            message.push_front(Frame::new());
        }
    }

    fn can_send<P: Pipes + ?Sized>(&self, pipes: &P) -> bool {
        (self.state == State::Idle || self.relaxed) && self.out.choose(pipes).is_some()
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
    use ohmq_spec::SocketType::Req as REQ;

    use super::super::Pattern;
    use super::super::testing::{Engine, multi, pattern};
    use super::*;

    #[test]
    fn requests_and_replies_alternate() {
        let (mut req, mut engine) = (pattern(REQ, &[], 2), Engine::default());
        assert_eq!(engine.recv(&mut req), Err(RouteError::WrongState));
        assert!(req.can_send(&engine));
        let (route, wire) = engine.send(&mut req, "question").unwrap();
        assert_eq!((route, wire), (Route::One(PipeId(0)), multi(["", "question"])));
        assert!(!req.can_send(&engine));
        assert_eq!(engine.send(&mut req, "again"), Err(RouteError::WrongState));
        assert_eq!(engine.recv(&mut req), Ok(None));
        engine.arrive(&mut req, 0, multi(["", "answer", "two"]));
        assert_eq!(engine.recv(&mut req), Ok(Some(multi(["answer", "two"]))));
        assert_eq!(engine.recv(&mut req), Err(RouteError::WrongState));
        assert_eq!(engine.send_one(&mut req, "next"), 1);
    }

    #[test]
    fn a_request_that_found_no_peer_leaves_the_state_alone() {
        let (mut req, mut engine) = (pattern(REQ, &[], 0), Engine::default());
        assert_eq!(engine.send(&mut req, "question"), Err(RouteError::WouldBlock));
        req.attach(PipeId(0));
        assert_eq!(engine.send_one(&mut req, "question"), 0);
    }

    #[test]
    fn only_the_peer_asked_may_answer_and_only_well() {
        let (mut req, mut engine) = (pattern(REQ, &[], 2), Engine::default());
        engine.arrive(&mut req, 0, multi(["", "too early"]));
        assert_eq!(engine.send_one(&mut req, "question"), 0);
        engine.arrive(&mut req, 1, multi(["", "not asked"]));
        engine.arrive(&mut req, 0, "no delimiter");
        engine.arrive(&mut req, 0, "");
        engine.arrive(&mut req, 0, multi(["x", "", "wrong envelope"]));
        assert_eq!(engine.recv(&mut req), Ok(None));
        assert_eq!((req.dropped().stray, req.dropped().malformed), (2, 3));
        engine.arrive(&mut req, 0, multi(["", "answer"]));
        assert_eq!(engine.recv(&mut req), Ok(Some("answer".into())));
    }

    #[test]
    fn when_the_peer_asked_is_gone_any_may_answer() {
        for leave in [Pattern::detach, Pattern::retire] {
            let (mut req, mut engine) = (pattern(REQ, &[], 2), Engine::default());
            engine.send_one(&mut req, "question");
            leave(&mut req, PipeId(0));
            engine.arrive(&mut req, 1, multi(["", "answer"]));
            assert_eq!(engine.recv(&mut req), Ok(Some("answer".into())));
        }
        let (mut req, mut engine) = (pattern(REQ, &[], 2), Engine::default());
        engine.send_one(&mut req, "question");
        req.lost(PipeId(0));
        engine.arrive(&mut req, 1, multi(["", "not asked"]));
        assert_eq!(engine.recv(&mut req), Ok(None));
    }

    /// test_req_relaxed: round robin goes on; without correlation a late reply passes for the second's.
    #[test]
    fn relaxed_may_ask_again() {
        let (mut req, mut engine) = (pattern(REQ, &[PatternOption::ReqRelaxed(true)], 2), Engine::default());
        assert_eq!(engine.send_one(&mut req, "one"), 0);
        engine.arrive(&mut req, 0, multi(["", "answer to one"]));
        assert!(req.can_recv(&mut engine) && req.can_send(&engine));
        assert_eq!(engine.send_one(&mut req, "two"), 1);
        assert_eq!(engine.recv(&mut req), Ok(None), "the answer looked at belongs to the first request");
        assert_eq!((req.dropped().stray, req.queued()), (1, 0));
        assert_eq!(engine.send_one(&mut req, "three"), 0);
        engine.arrive(&mut req, 0, multi(["", "late answer to one"]));
        assert_eq!(engine.recv(&mut req), Ok(Some("late answer to one".into())));
    }

    #[test]
    fn correlated_replies_carry_the_number_of_their_request() {
        let options = [PatternOption::ReqRelaxed(true), PatternOption::ReqCorrelate(true)];
        let (mut req, mut engine) = (pattern(REQ, &options, 1), Engine::default());
        let (_, first) = engine.send(&mut req, "one").unwrap();
        let (_, second) = engine.send(&mut req, "two").unwrap();
        assert_eq!((first.len(), first.bytes().len(), first.frames()[1].len()), (3, 4, 0));
        assert_ne!(first.bytes(), second.bytes());
        engine.arrive(&mut req, 0, first);
        engine.arrive(&mut req, 0, multi(["", "no number"]));
        engine.arrive(&mut req, 0, second);
        assert_eq!(engine.recv(&mut req), Ok(Some("two".into())));
        assert_eq!((req.dropped().stray, req.dropped().malformed), (1, 1));
    }

    #[test]
    fn probing_is_for_req_dealer_and_router() {
        for (socket_type, probes) in
            [("REQ", true), ("DEALER", true), ("ROUTER", true), ("REP", false), ("PUSH", false)]
        {
            let socket_type = ohmq_spec::SocketType::from_name(socket_type.as_bytes()).unwrap();
            assert_eq!(pattern(socket_type, &[PatternOption::ProbeRouter(true)], 0).probe(), probes);
        }
    }
}
