//! What each pattern family implements; the defaults are what most families do.

use bytes::Bytes;

use super::{Identified, InboundDrops, Inbox, PatternOption, PipeId, Pipes, Route, RouteError};
use crate::Message;

/// Puts a message where the caller wants it; says whether there was one.
pub(super) fn put(message: Option<Message>, into: &mut Message) -> bool {
    message.map(|message| *into = message).is_some()
}

/// One family's rules. The methods are those of [`Pattern`](super::Pattern), which documents them; the direction a
/// socket type does not have is refused there.
pub(super) trait Rules {
    fn set(&mut self, _option: PatternOption) {}
    fn attach(&mut self, pipe: PipeId) -> bool;
    fn identify(&mut self, _pipe: PipeId, _routing_id: Bytes) -> Identified {
        Identified::Accepted
    }
    fn lost(&mut self, _pipe: PipeId) -> bool {
        false
    }
    fn retire(&mut self, pipe: PipeId) -> bool;
    fn detach(&mut self, pipe: PipeId) -> bool;

    fn subscribed(&mut self, _pipe: PipeId, _topic: Bytes) -> bool {
        false
    }
    fn cancelled(&mut self, _pipe: PipeId, _topic: Bytes) -> bool {
        false
    }
    fn subscribe(&mut self, _topic: &[u8]) -> bool {
        false
    }
    fn unsubscribe(&mut self, _topic: &[u8]) -> bool {
        false
    }
    fn subscriptions(&self) -> Vec<Bytes> {
        Vec::new()
    }
    fn topics_count(&self) -> usize {
        0
    }

    fn received(&mut self, _pipe: PipeId, message: Message) -> Option<Message> {
        Some(message)
    }
    fn readable(&mut self, pipe: PipeId);
    fn recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I, into: &mut Message) -> Result<bool, RouteError>;
    fn can_recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> bool;

    fn reserve<P: Pipes + ?Sized>(&mut self, message: &Message, pipes: &P) -> Result<Route, RouteError>;
    fn commit<I: Inbox + ?Sized>(&mut self, route: &Route, message: &mut Message, inbox: &mut I);
    fn can_send<P: Pipes + ?Sized>(&self, pipes: &P) -> bool;
    fn targets(&self) -> &[PipeId] {
        &[]
    }

    fn dropped(&self) -> InboundDrops {
        InboundDrops::default()
    }
    fn queued(&self) -> usize;
    fn made(&self) -> u64 {
        0
    }
}
