//! PUB and XPUB: one copy to each subscriber of a prefix of the first frame (RFC 29).

use std::collections::VecDeque;

use bytes::Bytes;

use super::interest::{Interest, Removed};
use super::rules::Rules;
use super::{DropCause, InboundDrops, Inbox, PatternOption, PipeId, Pipes, Route, RouteError};
use crate::Message;

#[derive(Debug)]
pub(super) struct Publisher {
    interest: Interest,
    targets: Vec<PipeId>,
    /// Which pipe numbers may be subscribed: attached and not retired.
    attached: Vec<bool>,
    /// XPUB: events and user messages in the order of arrival. Without bound, as in libzmq.
    waiting: VecDeque<Message>,
    made: u64,
    dropped: InboundDrops,
    /// XPUB: subscriptions are shown to the application.
    shows: bool,
    every_subscription: bool,
    every_cancellation: bool,
    nodrop: bool,
}

impl Publisher {
    /// XPUB when subscriptions are shown to the application, else PUB.
    pub(super) fn new(shows: bool) -> Self {
        Self {
            interest: Interest::new(),
            targets: Vec::new(),
            attached: Vec::new(),
            waiting: VecDeque::new(),
            made: 0,
            dropped: InboundDrops::default(),
            shows,
            every_subscription: false,
            every_cancellation: false,
            nodrop: false,
        }
    }

    fn is_attached(&self, pipe: PipeId) -> bool {
        self.attached.get(pipe.index()).copied().unwrap_or(false)
    }

    /// Queues an event for the application of XPUB: 1 or 0, then the topic.
    fn show(&mut self, subscribed: bool, topic: &[u8]) -> bool {
        if self.shows {
            self.waiting.push_back(event(subscribed, topic));
            self.made += 1;
        }
        self.shows
    }

    fn forget_subscriptions(&mut self, pipe: PipeId) -> bool {
        let (shows, every, before) = (self.shows, self.every_cancellation, self.made);
        let (waiting, made) = (&mut self.waiting, &mut self.made);
        self.interest.remove_pipe(
            pipe,
            |last| shows && (last || every),
            |topic| {
                waiting.push_back(event(false, &topic));
                *made += 1;
            },
        );
        self.made > before
    }

    fn unlist(&mut self, pipe: PipeId) -> bool {
        if let Some(attached) = self.attached.get_mut(pipe.index()) {
            *attached = false;
        }
        self.forget_subscriptions(pipe)
    }
}

fn event(subscribed: bool, topic: &[u8]) -> Message {
    Message::from([&[u8::from(subscribed)], topic].concat())
}

impl Rules for Publisher {
    /// Setting `XPUB_VERBOSE` turns `XPUB_VERBOSER`'s half off, as in libzmq.
    fn set(&mut self, option: PatternOption) {
        match option {
            PatternOption::XpubVerbose(on) => {
                (self.every_subscription, self.every_cancellation) = (on, false)
            }
            PatternOption::XpubVerboser(on) => (self.every_subscription, self.every_cancellation) = (on, on),
            PatternOption::XpubNodrop(on) => self.nodrop = on,
            _ => {}
        }
    }

    fn attach(&mut self, pipe: PipeId) -> bool {
        if self.attached.len() <= pipe.index() {
            self.attached.resize(pipe.index() + 1, false);
        }
        self.attached[pipe.index()] = true;
        true
    }

    fn lost(&mut self, pipe: PipeId) -> bool {
        self.forget_subscriptions(pipe)
    }

    fn retire(&mut self, pipe: PipeId) -> bool {
        self.unlist(pipe)
    }

    fn detach(&mut self, pipe: PipeId) -> bool {
        self.unlist(pipe)
    }

    fn subscribed(&mut self, pipe: PipeId, topic: Bytes) -> bool {
        if !self.is_attached(pipe) {
            return false;
        }
        let first = self.interest.add(pipe, &topic);
        (first || self.every_subscription) && self.show(true, &topic)
    }

    fn cancelled(&mut self, pipe: PipeId, topic: Bytes) -> bool {
        let last = match self.interest.remove(pipe, &topic) {
            Removed::NotFound => return false,
            Removed::OthersRemain => false,
            Removed::Last => true,
        };
        (last || self.every_cancellation) && self.show(false, &topic)
    }

    fn topics_count(&self) -> usize {
        self.interest.topics()
    }

    fn received(&mut self, _pipe: PipeId, message: Message) -> Option<Message> {
        if self.shows {
            self.waiting.push_back(message);
        } else {
            self.dropped.unsupported += 1;
        }
        None
    }

    /// Nothing is ever put into an inbox, see `received`.
    fn readable(&mut self, _pipe: PipeId) {}

    fn recv<I: Inbox + ?Sized>(&mut self, _inbox: &mut I) -> Result<Option<Message>, RouteError> {
        Ok(self.waiting.pop_front())
    }

    fn can_recv<I: Inbox + ?Sized>(&mut self, _inbox: &mut I) -> bool {
        !self.waiting.is_empty()
    }

    fn reserve<P: Pipes + ?Sized>(&mut self, message: &Message, pipes: &P) -> Result<Route, RouteError> {
        let full = self.interest.collect(message.bytes(), pipes, &mut self.targets);
        if full > 0 && self.nodrop {
            self.targets.clear();
            return Err(RouteError::WouldBlock);
        }
        if full == 0 && self.targets.is_empty() {
            return Ok(Route::Discard(DropCause::NoSubscriber));
        }
        Ok(Route::Many { targets: self.targets.len() as u32, full })
    }

    fn commit<I: Inbox + ?Sized>(&mut self, _route: &Route, message: Message, _inbox: &mut I) -> Message {
        message
    }

    /// Always, also with `XPUB_NODROP`: which pipes are full matters per topic, and libzmq says the same.
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
        self.waiting.len()
    }

    fn made(&self) -> u64 {
        self.made
    }
}
