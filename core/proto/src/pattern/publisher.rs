//! PUB and XPUB: one copy to each subscriber of a prefix of the first frame (RFC 29).

use std::collections::VecDeque;

use bytes::Bytes;

use super::interest::{Interest, Removed};
use super::rules::{Rules, put};
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

    /// Whether nobody is subscribed to this.
    #[inline]
    pub(super) fn is_unwanted(&self, topic: &[u8]) -> bool {
        self.interest.is_unwanted(topic)
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

    fn recv<I: Inbox + ?Sized>(&mut self, _inbox: &mut I, into: &mut Message) -> Result<bool, RouteError> {
        Ok(put(self.waiting.pop_front(), into))
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

    fn commit<I: Inbox + ?Sized>(&mut self, _route: &Route, _message: &mut Message, _inbox: &mut I) {}

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

#[cfg(test)]
mod tests {
    use ohmq_spec::SocketType::{Pub as PUB, XPub as XPUB};

    use super::super::Pattern;
    use super::super::testing::{Engine, multi, pattern};
    use super::*;

    fn subscribe(publisher: &mut Pattern, pipe: u32, topic: &'static str) -> bool {
        publisher.subscribed(PipeId(pipe), Bytes::from_static(topic.as_bytes()))
    }

    fn cancel(publisher: &mut Pattern, pipe: u32, topic: &'static str) -> bool {
        publisher.cancelled(PipeId(pipe), Bytes::from_static(topic.as_bytes()))
    }

    /// All waiting events as text: `+topic` or `-topic`.
    fn events(xpub: &mut Pattern, engine: &mut Engine) -> Vec<String> {
        let mut events = Vec::new();
        while let Ok(Some(event)) = engine.recv(xpub) {
            let sign = if event.bytes()[0] == 1 { '+' } else { '-' };
            events.push(format!("{sign}{}", String::from_utf8_lossy(&event.bytes()[1..])));
        }
        events
    }

    #[test]
    fn the_first_frame_decides_and_full_pipes_miss_out() {
        let (mut publisher, mut engine) = (pattern(PUB, &[], 3), Engine::default());
        assert_eq!(engine.send(&mut publisher, "a").unwrap().0, Route::Discard(DropCause::NoSubscriber));
        assert!(!subscribe(&mut publisher, 0, "a"), "PUB has no events");
        subscribe(&mut publisher, 1, "a");
        subscribe(&mut publisher, 2, "b");
        let sent = engine.send(&mut publisher, multi(["abc", "b"])).unwrap().0;
        assert_eq!((sent.copies(), sent), (2, Route::Many { targets: 2, full: 0 }));
        assert_eq!(publisher.targets(), [PipeId(0), PipeId(1)]);
        engine.fill(0, true);
        let sent = engine.send(&mut publisher, "abc").unwrap().0;
        assert_eq!((sent.copies(), sent), (2, Route::Many { targets: 1, full: 1 }));
        assert_eq!(publisher.targets(), [PipeId(1)]);
    }

    #[test]
    fn nodrop_waits_for_every_matching_pipe() {
        let (mut publisher, mut engine) =
            (pattern(PUB, &[PatternOption::XpubNodrop(true)], 2), Engine::default());
        subscribe(&mut publisher, 0, "a");
        subscribe(&mut publisher, 1, "ab");
        engine.fill(1, true);
        assert_eq!(engine.send(&mut publisher, "abc"), Err(RouteError::WouldBlock));
        assert_eq!(engine.send(&mut publisher, "ax").unwrap().0, Route::Many { targets: 1, full: 0 });
        assert!(publisher.can_send(&engine));
    }

    #[test]
    fn lost_retired_and_detached_peers_have_no_subscriptions() {
        for leave in [Pattern::lost, Pattern::retire, Pattern::detach] {
            let (mut xpub, mut engine) = (pattern(XPUB, &[], 2), Engine::default());
            subscribe(&mut xpub, 0, "");
            subscribe(&mut xpub, 0, "shared");
            subscribe(&mut xpub, 1, "shared");
            assert_eq!(events(&mut xpub, &mut engine), ["+", "+shared"]);
            assert!(leave(&mut xpub, PipeId(0)), "there is an event");
            assert_eq!(events(&mut xpub, &mut engine), ["-"]);
            engine.send(&mut xpub, "shared").unwrap();
            assert_eq!(xpub.targets(), [PipeId(1)]);
            assert!(leave(&mut xpub, PipeId(1)));
            assert_eq!((events(&mut xpub, &mut engine), xpub.topics_count()), (vec!["-shared".into()], 0));
            assert!(!leave(&mut xpub, PipeId(1)));
        }
        let mut publisher = pattern(PUB, &[], 1);
        publisher.retire(PipeId(0));
        subscribe(&mut publisher, 0, "late");
        assert_eq!(publisher.topics_count(), 0);
    }

    /// test_xpub_verbose.
    #[test]
    fn verbosity_decides_which_events_are_shown() {
        let all = [
            (None, vec!["+t", "-t"]),
            (Some(PatternOption::XpubVerbose(true)), vec!["+t", "+t", "+t", "-t"]),
            (Some(PatternOption::XpubVerboser(true)), vec!["+t", "+t", "+t", "-t", "-t"]),
        ];
        for (option, expected) in all {
            let (mut xpub, mut engine) = (pattern(XPUB, option.as_slice(), 2), Engine::default());
            subscribe(&mut xpub, 0, "t");
            subscribe(&mut xpub, 0, "t");
            subscribe(&mut xpub, 1, "t");
            cancel(&mut xpub, 0, "t");
            xpub.detach(PipeId(1));
            assert_eq!(xpub.made(), expected.len() as u64);
            assert_eq!(events(&mut xpub, &mut engine), expected);
        }
        let mut xpub =
            pattern(XPUB, &[PatternOption::XpubVerboser(true), PatternOption::XpubVerbose(true)], 2);
        subscribe(&mut xpub, 0, "t");
        subscribe(&mut xpub, 1, "t");
        cancel(&mut xpub, 0, "t");
        assert_eq!(events(&mut xpub, &mut Engine::default()), ["+t", "+t"]);
    }

    #[test]
    fn nobody_can_cancel_for_others() {
        let mut xpub = pattern(XPUB, &[PatternOption::XpubVerboser(true)], 2);
        subscribe(&mut xpub, 0, "t");
        assert!(!cancel(&mut xpub, 1, "t"));
        assert_eq!(events(&mut xpub, &mut Engine::default()), ["+t"]);
    }

    #[test]
    fn user_messages_reach_xpub_in_order_and_pub_never() {
        let (mut xpub, mut engine) = (pattern(XPUB, &[], 1), Engine::default());
        engine.arrive(&mut xpub, 0, multi(["one", "two"]));
        subscribe(&mut xpub, 0, "t");
        engine.arrive(&mut xpub, 0, "three");
        assert_eq!((xpub.queued(), xpub.made()), (3, 1));
        let order: Vec<_> = std::iter::from_fn(|| engine.recv(&mut xpub).unwrap()).collect();
        assert_eq!(order, [multi(["one", "two"]), multi(["\u{1}t"]), multi(["three"])]);
        let mut publisher = pattern(PUB, &[], 1);
        engine.arrive(&mut publisher, 0, "noise");
        assert_eq!(engine.recv(&mut publisher), Err(RouteError::NotSupported));
        assert_eq!((publisher.dropped().unsupported, publisher.queued()), (1, 0));
    }
}
