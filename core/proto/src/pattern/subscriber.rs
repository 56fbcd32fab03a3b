//! Subscriber family.

use super::rules::Rules;
use super::{Inbox, PipeId, Pipes, Route, RouteError};
use crate::Message;

#[derive(Debug)]
pub(super) struct Subscriber;

impl Subscriber {
    pub(super) fn new(_flag: bool) -> Self {
        Self
    }
}

impl Rules for Subscriber {
    fn attach(&mut self, _pipe: PipeId) -> bool {
        true
    }
    fn retire(&mut self, _pipe: PipeId) -> bool {
        false
    }
    fn detach(&mut self, _pipe: PipeId) -> bool {
        false
    }
    fn readable(&mut self, _pipe: PipeId) {}
    fn recv<I: Inbox + ?Sized>(&mut self, _inbox: &mut I) -> Result<Option<Message>, RouteError> {
        Ok(None)
    }
    fn can_recv<I: Inbox + ?Sized>(&mut self, _inbox: &mut I) -> bool {
        false
    }
    fn reserve<P: Pipes + ?Sized>(&mut self, _message: &Message, _pipes: &P) -> Result<Route, RouteError> {
        Err(RouteError::WouldBlock)
    }
    fn commit<I: Inbox + ?Sized>(&mut self, _route: &Route, message: Message, _inbox: &mut I) -> Message {
        message
    }
    fn can_send<P: Pipes + ?Sized>(&self, _pipes: &P) -> bool {
        false
    }
    fn queued(&self) -> usize {
        0
    }
}
