//! What a socket does when a pipe has news: peers that come and go, subscriptions, messages.

use std::sync::Arc;

use bytes::Bytes;
use ohmq_net::{Link, LinkEnd, LinkEvent, Loss};
use ohmq_proto::message::folded::fold;
use ohmq_proto::{Found, Identified, Message, PipeId};

use super::effects::Effect;
use super::inner::Inner;
use super::pace::Step;
use super::pipes::{Channel, Look, Slot, Stage};
use crate::Events;
use crate::inproc::InprocEvent;

impl Inner {
    /// A listener accepted a connection: remember it until its handshake is done.
    pub(super) fn adopt(&mut self, endpoint: u64, link: Arc<Link>) {
        if self.closed || !self.endpoints.iter().any(|entry| entry.id == endpoint) {
            self.let_go(link, Some(std::time::Duration::ZERO));
            return;
        }
        self.table.insert(Slot::new(link.key(), Channel::Link(LinkEnd::new(link)), endpoint));
    }

    /// Takes what happened on a link and tells the pattern.
    pub(super) fn attend(&mut self, link: &Arc<Link>) {
        let (events, readable) = link.take_news();
        for event in events {
            // Looked up each time: an event may have removed the pipe.
            if let Some(pipe) = self.table.by_key(link.key()) {
                self.on_event(pipe, link, event);
            }
        }
        if readable {
            self.readable(link);
        }
    }

    /// A link has messages to be received.
    pub(super) fn readable(&mut self, link: &Link) {
        let Some(pipe) = self.table.by_key(link.key()) else { return };
        if let Some(Channel::Link(end)) = self.table.get_mut(pipe).map(|slot| &mut slot.channel) {
            end.on_readable();
        }
        self.pattern.readable(pipe);
    }

    /// The same for an inproc end.
    pub(super) fn attend_inproc(&mut self, key: u64) {
        let Some(pipe) = self.table.by_key(key) else { return };
        let Some(Channel::Inproc(end)) = self.table.get(pipe).map(|slot| &slot.channel) else { return };
        let events = end.take_events();
        for event in events {
            match event {
                InprocEvent::Joined(routing_id) => self.joined(pipe, routing_id),
                InprocEvent::Subscribe(topic) => self.subscribed(pipe, topic),
                InprocEvent::Cancel(topic) => self.cancelled(pipe, topic),
                InprocEvent::Closed => self.peer_gone(pipe),
            }
        }
        if self.pattern.intercepts() {
            while let Some(Slot { channel: Channel::Inproc(end), .. }) = self.table.get_mut(pipe) {
                let mut message = Message::new();
                let mut nudge = None;
                let found = end.pop(&mut message, Look::Last, |room| nudge = Some(room));
                if let Some(nudge) = nudge {
                    self.table.effects.push(Effect::Nudge(nudge));
                }
                if found != Found::Message {
                    break;
                }
                self.hand_over(pipe, message);
            }
        } else if self.table.get(pipe).is_some() {
            self.pattern.readable(pipe);
        }
        self.table.effects.ring |= (Events::IN | Events::OUT).interest();
    }

    /// A peer is here and known by name: attach it if that has not happened, tell it what we want to hear.
    pub(super) fn joined(&mut self, pipe: PipeId, routing_id: Bytes) {
        let Some(slot) = self.table.get_mut(pipe) else { return };
        let routing_id = slot.named.as_deref().cloned().unwrap_or(routing_id);
        if slot.stage != Stage::Attached {
            let left_over = slot.stage == Stage::Retired;
            slot.stage = Stage::Attached;
            if left_over {
                self.pattern.detach(pipe);
            }
            if !self.pattern.attach(pipe) {
                return self.close_pipe(pipe, Some(std::time::Duration::ZERO));
            }
            if left_over {
                self.pattern.readable(pipe);
            }
        }
        match self.pattern.identify(pipe, routing_id) {
            // As in libzmq a newcomer with a known id keeps its connection and is ignored.
            Identified::Accepted | Identified::Refused => {}
            Identified::Replaced(old) => self.close_pipe(old, Some(std::time::Duration::ZERO)),
        }
        if self.pattern.probe() && self.has_room(pipe) {
            let mut probe = Message::new();
            if self.pattern.delimits() {
                fold(&mut probe);
            }
            self.table.enqueue(pipe, &mut probe, Step::Write);
        }
        for topic in self.pattern.subscriptions() {
            self.tell(pipe, true, &topic);
        }
        if let Some(Channel::Link(end)) = self.table.get(pipe).map(|slot| &slot.channel) {
            let flush = Effect::Flush(Arc::clone(end.link()));
            self.table.effects.push(flush);
        }
        self.table.effects.ring |= (Events::IN | Events::OUT).interest();
    }

    /// The socket lets go of a pipe; what is queued on it is sent for at most `linger`.
    pub(super) fn close_pipe(&mut self, pipe: PipeId, linger: Option<std::time::Duration>) {
        if self.pattern.detach(pipe) {
            self.table.effects.ring |= Events::IN.interest();
        }
        let Some(slot) = self.table.remove(pipe) else { return };
        match slot.channel {
            Channel::Link(mut end) => {
                end.hand_over();
                self.let_go(Arc::clone(end.link()), linger);
            }
            Channel::Inproc(end) => {
                let nudge = end.tell(InprocEvent::Closed);
                self.table.effects.push(Effect::Nudge(nudge));
            }
        }
    }

    /// Whether a turn under the lock has left nothing to do.
    #[inline]
    pub(super) fn is_quiet(&self) -> bool {
        self.table.effects.is_empty() && self.table.eventful.is_empty() && self.table.drained.is_empty()
    }

    /// A retired pipe whose last message was received, and events seen while receiving.
    pub(super) fn catch_up(&mut self) {
        while let Some(link) = self.table.eventful.pop() {
            self.attend(&link);
        }
        while let Some(pipe) = self.table.drained.pop() {
            let Some(slot) = self.table.get_mut(pipe) else { continue };
            if slot.stage != Stage::Retired || !slot.is_drained() {
                continue;
            }
            if slot.is_over() {
                self.forget(pipe);
            } else {
                slot.stage = Stage::Waiting;
                self.pattern.detach(pipe);
            }
        }
    }

    fn on_event(&mut self, pipe: PipeId, link: &Arc<Link>, event: LinkEvent) {
        self.table.stop_press();
        match event {
            LinkEvent::Established(peer) => {
                if let Some(Channel::Link(end)) = self.table.get_mut(pipe).map(|slot| &mut slot.channel) {
                    end.on_established();
                }
                self.joined(pipe, peer.routing_id);
            }
            LinkEvent::Subscribe(topic) => self.subscribed(pipe, topic),
            LinkEvent::Cancel(topic) => self.cancelled(pipe, topic),
            LinkEvent::Message(message) => self.hand_over(pipe, message),
            LinkEvent::Lost(_) => self.on_lost(pipe, link),
            LinkEvent::Closed(Loss::Local) => {}
            LinkEvent::Closed(_) => self.peer_gone(pipe),
        }
    }

    /// The connection is gone and will be dialled again.
    fn on_lost(&mut self, pipe: PipeId, link: &Arc<Link>) {
        if let Some(Channel::Link(end)) = self.table.get_mut(pipe).map(|slot| &mut slot.channel) {
            end.on_lost();
        }
        if self.options.immediate {
            // A queue exists only while its peer is there.
            link.discard_backlog();
            return self.part(pipe);
        }
        if self.pattern.lost(pipe) {
            self.table.effects.ring |= Events::IN.interest();
        }
    }

    /// Nothing is routed to the pipe any more; what it has received stays until it is taken.
    fn part(&mut self, pipe: PipeId) {
        let Some(slot) = self.table.get_mut(pipe).filter(|slot| slot.stage == Stage::Attached) else {
            return;
        };
        if slot.is_drained() {
            slot.stage = Stage::Waiting;
            self.pattern.detach(pipe);
        } else {
            slot.stage = Stage::Retired;
            self.pattern.retire(pipe);
        }
        self.table.effects.ring |= (Events::IN | Events::OUT).interest();
    }

    /// The peer will not come back, nor is it called again: the endpoint that led to it is free to be connected to. Its
    /// last messages can still be received.
    fn peer_gone(&mut self, pipe: PipeId) {
        if let Some(endpoint) = self.table.get(pipe).map(|slot| slot.endpoint) {
            self.endpoints.retain(|entry| entry.id != endpoint || entry.kind.is_bound());
        }
        self.part(pipe);
        if self.table.get(pipe).is_some_and(|slot| slot.stage == Stage::Waiting) {
            self.forget(pipe);
        }
    }

    /// Forgets a pipe whose channel is over.
    fn forget(&mut self, pipe: PipeId) {
        self.pattern.detach(pipe);
        if let Some(slot) = self.table.remove(pipe)
            && let Channel::Link(mut end) = slot.channel
        {
            // What was gathered for it is dropped there, and counted.
            end.hand_over();
            let mut counters = end.counters();
            // Messages nobody came for: they were parsed before the pipe was known to the pattern.
            counters.recv_dropped_closed += counters.recv_queued;
            counters.recv_queued = 0;
            self.table.bury(&counters);
        }
        self.table.effects.ring |= (Events::IN | Events::OUT).interest();
    }

    /// PUB, XPUB and PUSH have no inbox: the pattern keeps or drops what their peers send.
    fn hand_over(&mut self, pipe: PipeId, message: Message) {
        if self.pattern.received(pipe, message).is_none() {
            self.table.effects.ring |= Events::IN.interest();
        }
    }

    fn subscribed(&mut self, pipe: PipeId, topic: Bytes) {
        if self.pattern.subscribed(pipe, topic) {
            self.table.effects.ring |= Events::IN.interest();
        }
    }

    fn cancelled(&mut self, pipe: PipeId, topic: Bytes) {
        if self.pattern.cancelled(pipe, topic) {
            self.table.effects.ring |= Events::IN.interest();
        }
    }

    fn tell(&mut self, pipe: PipeId, subscribe: bool, topic: &[u8]) {
        self.table.stop_press();
        match self.table.get_mut(pipe).map(|slot| &mut slot.channel) {
            Some(Channel::Link(end)) => end.tell(subscribe, topic),
            Some(Channel::Inproc(end)) => {
                let nudge = end.tell(subscription(subscribe, topic));
                self.table.effects.push(Effect::Nudge(nudge));
            }
            None => {}
        }
    }

    fn let_go(&mut self, link: Arc<Link>, linger: Option<std::time::Duration>) {
        self.live.enter();
        self.lingering.push(Arc::clone(&link));
        self.table.effects.push(Effect::Close(link, linger));
    }
}

pub(super) fn subscription(subscribe: bool, topic: &[u8]) -> InprocEvent {
    let topic = Bytes::copy_from_slice(topic);
    if subscribe { InprocEvent::Subscribe(topic) } else { InprocEvent::Cancel(topic) }
}
