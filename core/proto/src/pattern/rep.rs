//! REP: one request, then its reply, strictly in turn, along the envelope the request came with (RFC 28).

use super::fair_queue::FairQueue;
use super::rules::Rules;
use super::{DropCause, InboundDrops, Inbox, PipeId, Pipes, Route, RouteError};
use crate::message::folded::is_folded;
use crate::{Frame, Message};

/// The reply goes to the pipe, not to an id: two peers with the same routing id are both served.
#[derive(Debug, Default)]
pub(super) struct Rep {
    inbound: FairQueue,
    /// The request being answered; none while the next one may be received.
    due: Option<Return>,
    /// A request found by `can_recv`. Only while nothing is due.
    ahead: Option<(Return, Message)>,
    /// Which pipe numbers are attached and not retired.
    reachable: Vec<bool>,
    dropped: InboundDrops,
}

/// The way back to who asked.
#[derive(Debug)]
struct Return {
    /// None when the peer is gone.
    pipe: Option<PipeId>,
    /// The frames before the empty delimiter; empty for a REQ that is connected directly.
    envelope: Vec<Frame>,
}

impl Rep {
    /// Puts the body of the next request with a well-formed envelope into `into`; others on the way to it are dropped.
    fn next_request<I: Inbox + ?Sized>(&mut self, inbox: &mut I, into: &mut Message) -> Option<Return> {
        while self.inbound.recv_into(inbox, into) {
            match open(into) {
                Some(envelope) => {
                    let pipe = self.inbound.last().filter(|pipe| self.reaches(*pipe));
                    return Some(Return { pipe, envelope });
                }
                None => self.dropped.malformed += 1,
            }
        }
        None
    }

    fn reaches(&self, pipe: PipeId) -> bool {
        self.reachable.get(pipe.index()).copied().unwrap_or(false)
    }

    fn forget_peer(&mut self, pipe: PipeId) {
        if let Some(reachable) = self.reachable.get_mut(pipe.index()) {
            *reachable = false;
        }
        for back in self.due.iter_mut().chain(self.ahead.iter_mut().map(|(back, _)| back)) {
            if back.pipe == Some(pipe) {
                back.pipe = None;
            }
        }
    }
}

/// Splits a request at its first empty frame, which must have a body after it: leaves the body and gives the envelope.
fn open(message: &mut Message) -> Option<Vec<Frame>> {
    if is_folded(message) {
        return Some(Vec::new());
    }
    let delimiter = message.frames().iter().position(|frame| frame.is_empty())?;
    if delimiter + 1 == message.len() {
        return None;
    }
    if delimiter == 0 {
        message.pop_front();
        return Some(Vec::new());
    }
    let mut frames = std::mem::take(message).into_frames();
    let envelope = frames.by_ref().take(delimiter).collect();
    *message = frames.skip(1).collect();
    Some(envelope)
}

impl Rules for Rep {
    fn attach(&mut self, pipe: PipeId) -> bool {
        self.inbound.attach(pipe);
        if self.reachable.len() <= pipe.index() {
            self.reachable.resize(pipe.index() + 1, false);
        }
        self.reachable[pipe.index()] = true;
        true
    }

    fn retire(&mut self, pipe: PipeId) -> bool {
        self.forget_peer(pipe);
        false
    }

    fn detach(&mut self, pipe: PipeId) -> bool {
        self.inbound.detach(pipe);
        self.forget_peer(pipe);
        false
    }

    #[inline]
    fn readable(&mut self, pipe: PipeId) {
        self.inbound.readable(pipe);
    }

    fn recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I, into: &mut Message) -> Result<bool, RouteError> {
        if self.due.is_some() {
            return Err(RouteError::WrongState);
        }
        self.due = match self.ahead.take() {
            Some((back, body)) => {
                *into = body;
                Some(back)
            }
            None => self.next_request(inbox, into),
        };
        Ok(self.due.is_some())
    }

    fn can_recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> bool {
        if self.due.is_some() {
            return false;
        }
        if self.ahead.is_none() {
            let mut body = Message::new();
            self.ahead = self.next_request(inbox, &mut body).map(|back| (back, body));
        }
        self.ahead.is_some()
    }

    /// A reply never waits: when the peer that asked is gone or full it is dropped and the send succeeds.
    fn reserve<P: Pipes + ?Sized>(&mut self, _message: &Message, pipes: &P) -> Result<Route, RouteError> {
        let Some(back) = &self.due else { return Err(RouteError::WrongState) };
        Ok(match back.pipe {
            None => Route::Discard(DropCause::ReplyGone),
            Some(pipe) if pipes.writable(pipe) => Route::One(pipe),
            Some(_) => Route::Discard(DropCause::HighWater),
        })
    }

    fn commit<I: Inbox + ?Sized>(&mut self, _route: &Route, message: &mut Message, _inbox: &mut I) {
        let envelope = self.due.take().map(|back| back.envelope).unwrap_or_default();
        if envelope.is_empty() {
            // A body by itself stands for the delimiter too.
            if !is_folded(message) {
                message.push_front(Frame::new());
            }
        } else {
            *message = envelope.into_iter().chain([Frame::new()]).chain(std::mem::take(message)).collect();
        }
    }

    fn can_send<P: Pipes + ?Sized>(&self, _pipes: &P) -> bool {
        self.due.is_some()
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
    use ohmq_spec::SocketType::Rep as REP;

    use super::super::testing::{Engine, multi, pattern};
    use super::super::{Pattern, Route};
    use super::*;

    #[test]
    fn a_reply_goes_back_along_its_envelope() {
        let (mut rep, mut engine) = (pattern(REP, &[], 2), Engine::default());
        assert_eq!(engine.send(&mut rep, "early"), Err(RouteError::WrongState));
        engine.arrive(&mut rep, 1, multi(["hop2", "hop1", "", "question", "", "more"]));
        engine.arrive(&mut rep, 0, multi(["", "next"]));
        assert_eq!(engine.recv(&mut rep), Ok(Some(multi(["question", "", "more"]))));
        assert!(rep.can_send(&engine) && !rep.can_recv(&mut engine));
        assert_eq!(rep.recv(&mut engine, &mut Message::new()), Err(RouteError::WrongState));
        let (route, wire) = engine.send(&mut rep, multi(["answer", "two"])).unwrap();
        assert_eq!((route, wire), (Route::One(PipeId(1)), multi(["hop2", "hop1", "", "answer", "two"])));
        assert!(!rep.can_send(&engine));
        assert_eq!(engine.recv(&mut rep), Ok(Some("next".into())));
        let (route, wire) = engine.send(&mut rep, "answer").unwrap();
        assert_eq!((route, wire), (Route::One(PipeId(0)), multi(["", "answer"])));
    }

    #[test]
    fn requests_without_delimiter_or_body_are_dropped() {
        let (mut rep, mut engine) = (pattern(REP, &[], 1), Engine::default());
        for bad in [multi(["no delimiter"]), multi([""]), multi(["a", "b"]), multi(["a", ""])] {
            engine.arrive(&mut rep, 0, bad);
        }
        assert_eq!(engine.recv(&mut rep), Ok(None));
        assert_eq!(rep.dropped().malformed, 4);
    }

    #[test]
    fn a_reply_to_nobody_or_to_a_full_pipe_succeeds() {
        for leave in [Pattern::detach, Pattern::retire] {
            let (mut rep, mut engine) = (pattern(REP, &[], 1), Engine::default());
            engine.arrive(&mut rep, 0, multi(["", "question"]));
            engine.recv(&mut rep).unwrap();
            leave(&mut rep, PipeId(0));
            rep.attach(PipeId(0));
            let (route, _) = engine.send(&mut rep, "answer").unwrap();
            assert_eq!(route, Route::Discard(DropCause::ReplyGone), "the number has another owner now");
        }
        let (mut rep, mut engine) = (pattern(REP, &[], 1), Engine::default());
        engine.arrive(&mut rep, 0, multi(["", "question"]));
        engine.recv(&mut rep).unwrap();
        engine.fill(0, true);
        assert_eq!(engine.send(&mut rep, "answer").unwrap().0, Route::Discard(DropCause::HighWater));
        assert!(!rep.can_send(&engine));
    }

    #[test]
    fn the_last_request_of_a_peer_that_left_is_still_served() {
        let (mut rep, mut engine) = (pattern(REP, &[], 1), Engine::default());
        engine.arrive(&mut rep, 0, multi(["", "looked at"]));
        engine.arrive(&mut rep, 0, multi(["", "left"]));
        assert!(rep.can_recv(&mut engine));
        rep.retire(PipeId(0));
        for expected in ["looked at", "left"] {
            assert_eq!(engine.recv(&mut rep), Ok(Some(expected.into())));
            assert_eq!(engine.send(&mut rep, "answer").unwrap().0, Route::Discard(DropCause::ReplyGone));
        }
    }

    #[test]
    fn a_very_long_envelope_costs_its_length_once() {
        let (mut rep, mut engine) = (pattern(REP, &[], 1), Engine::default());
        let hops = (0..100_000).map(|_| Frame::from("hop"));
        let request: Message = hops.chain([Frame::new(), Frame::from("question")]).collect();
        engine.arrive(&mut rep, 0, request);
        assert_eq!(engine.recv(&mut rep), Ok(Some("question".into())));
        assert_eq!(engine.send(&mut rep, "answer").unwrap().1.len(), 100_002);
    }
}
