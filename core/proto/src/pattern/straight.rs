//! PUSH, PULL, DEALER and PAIR: messages as they are, sent in turn and received fairly (RFC 28, 30, 31).

use ohmq_spec::SocketType;

use super::fair_queue::FairQueue;
use super::load_balancer::LoadBalancer;
use super::rules::Rules;
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
    fn recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> Result<Option<Message>, RouteError> {
        if self.ahead.is_some() {
            return Ok(self.ahead.take());
        }
        Ok(self.inbound.recv(inbox).map(|(_, message)| message))
    }

    #[inline]
    fn can_recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> bool {
        if self.ahead.is_none() {
            self.ahead = self.inbound.recv(inbox).map(|(_, message)| message);
        }
        self.ahead.is_some()
    }

    #[inline]
    fn reserve<P: Pipes + ?Sized>(&mut self, _message: &Message, pipes: &P) -> Result<Route, RouteError> {
        self.out.choose(pipes).map(Route::One).ok_or(RouteError::WouldBlock)
    }

    #[inline]
    fn commit<I: Inbox + ?Sized>(&mut self, route: &Route, message: Message, _inbox: &mut I) -> Message {
        if let Route::One(pipe) = route {
            self.out.sent(*pipe);
        }
        message
    }

    #[inline]
    fn can_send<P: Pipes + ?Sized>(&self, pipes: &P) -> bool {
        self.out.choose(pipes).is_some()
    }

    fn dropped(&self) -> InboundDrops {
        self.dropped
    }

    fn queued(&self) -> usize {
        usize::from(self.ahead.is_some())
    }
}
