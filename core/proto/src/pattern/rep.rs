//! REP: one request, then its reply, strictly in turn, along the envelope the request came with (RFC 28).

use super::fair_queue::FairQueue;
use super::rules::Rules;
use super::{DropCause, InboundDrops, Inbox, PipeId, Pipes, Route, RouteError};
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
    /// The next request with a well-formed envelope; others on the way to it are dropped.
    fn next_request<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> Option<(Return, Message)> {
        while let Some((pipe, message)) = self.inbound.recv(inbox) {
            match open(message) {
                Some((envelope, body)) => {
                    let pipe = self.reaches(pipe).then_some(pipe);
                    return Some((Return { pipe, envelope }, body));
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

/// Splits a request at its first empty frame, which must have a body after it.
fn open(mut message: Message) -> Option<(Vec<Frame>, Message)> {
    let delimiter = message.frames().iter().position(|frame| frame.is_empty())?;
    if delimiter + 1 == message.len() {
        return None;
    }
    if delimiter == 0 {
        message.pop_front();
        return Some((Vec::new(), message));
    }
    let mut frames = message.into_frames();
    let envelope = frames.by_ref().take(delimiter).collect();
    Some((envelope, frames.skip(1).collect()))
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

    fn recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> Result<Option<Message>, RouteError> {
        if self.due.is_some() {
            return Err(RouteError::WrongState);
        }
        let request = match self.ahead.take() {
            Some(request) => Some(request),
            None => self.next_request(inbox),
        };
        Ok(request.map(|(back, body)| {
            self.due = Some(back);
            body
        }))
    }

    fn can_recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> bool {
        if self.due.is_some() {
            return false;
        }
        if self.ahead.is_none() {
            self.ahead = self.next_request(inbox);
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

    fn commit<I: Inbox + ?Sized>(&mut self, _route: &Route, mut message: Message, _inbox: &mut I) -> Message {
        let envelope = self.due.take().map(|back| back.envelope).unwrap_or_default();
        if envelope.is_empty() {
            message.push_front(Frame::new());
            return message;
        }
        envelope.into_iter().chain([Frame::new()]).chain(message).collect()
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
