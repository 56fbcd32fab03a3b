//! The pipes of one socket: dense numbers for the pattern, a link or an inproc end behind each.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ohmq_net::{Counters, Link};
use ohmq_proto::{Inbox, Message, PipeId, Pipes};

use super::effects::{Effect, Effects};
use crate::Stats;
use crate::inproc::InprocEnd;

#[derive(Debug)]
pub(super) enum Channel {
    Link(Arc<Link>),
    Inproc(InprocEnd),
}

/// How far a pipe has come with the pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    /// The pattern does not know it yet.
    Waiting,
    /// It may be routed to.
    Attached,
    /// The peer is gone; its last messages are still to be received.
    Retired,
}

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) key: u64,
    pub(super) channel: Channel,
    /// Messages already taken from the channel, in order.
    pub(super) local: VecDeque<Message>,
    /// The bind or connect it belongs to.
    pub(super) endpoint: u64,
    pub(super) stage: Stage,
    gathering: bool,
}

impl Slot {
    pub(super) fn new(key: u64, channel: Channel, endpoint: u64) -> Self {
        Slot { key, channel, local: VecDeque::new(), endpoint, stage: Stage::Waiting, gathering: false }
    }

    /// Nothing will ever come again.
    pub(super) fn is_over(&self) -> bool {
        match &self.channel {
            Channel::Link(link) => link.is_closed(),
            Channel::Inproc(_) => true,
        }
    }

    /// Nothing is left to be received.
    pub(super) fn is_drained(&self) -> bool {
        self.local.is_empty()
            && match &self.channel {
                Channel::Link(link) => !link.has_inbound(),
                Channel::Inproc(end) => end.waiting() == 0,
            }
    }
}

#[derive(Debug, Default)]
pub(super) struct PipeTable {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    by_key: HashMap<u64, PipeId>,
    /// Retired pipes found empty: to be detached.
    pub(super) drained: Vec<PipeId>,
    /// Links with events that came up while the socket itself was reading.
    pub(super) eventful: Vec<Arc<Link>>,
    pub(super) effects: Effects,
    /// Pipes whose link gathers a batch that nobody has written yet.
    gathering: Vec<PipeId>,
    /// Grows whenever the user does anything but send: what a stream is interrupted by.
    turn: u64,
    /// What pipes that are gone have carried.
    past: Stats,
}

impl PipeTable {
    pub(super) fn insert(&mut self, slot: Slot) -> PipeId {
        let key = slot.key;
        let pipe = match self.free.pop() {
            Some(index) => PipeId(index),
            None => {
                self.slots.push(None);
                PipeId((self.slots.len() - 1) as u32)
            }
        };
        self.slots[pipe.0 as usize] = Some(slot);
        self.by_key.insert(key, pipe);
        pipe
    }

    pub(super) fn by_key(&self, key: u64) -> Option<PipeId> {
        self.by_key.get(&key).copied()
    }

    #[inline]
    pub(super) fn get(&self, pipe: PipeId) -> Option<&Slot> {
        self.slots.get(pipe.0 as usize)?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, pipe: PipeId) -> Option<&mut Slot> {
        self.slots.get_mut(pipe.0 as usize)?.as_mut()
    }

    pub(super) fn ids(&self) -> Vec<PipeId> {
        (0..self.slots.len())
            .filter(|index| self.slots[*index].is_some())
            .map(|index| PipeId(index as u32))
            .collect()
    }

    /// Forgets a pipe. What nobody received is counted as dropped; a link's counters are the caller's to keep.
    pub(super) fn remove(&mut self, pipe: PipeId) -> Option<Slot> {
        let slot = self.slots.get_mut(pipe.0 as usize)?.take()?;
        self.free.push(pipe.0);
        self.by_key.remove(&slot.key);
        self.past.recv_dropped_closed += slot.local.len() as u64;
        if let Channel::Inproc(end) = &slot.channel {
            let left = end.waiting() as u64;
            self.past.recv_accepted += end.taken + left;
            self.past.recv_dropped_closed += left;
            self.past.sent_accepted += end.given;
            self.past.sent_delivered += end.given;
        }
        Some(slot)
    }

    /// Gives a routed message to its pipe; the bytes are written when the effects run.
    #[inline]
    pub(super) fn enqueue(&mut self, pipe: PipeId, message: Message) {
        let Some(Some(slot)) = self.slots.get_mut(pipe.0 as usize) else { return };
        match &mut slot.channel {
            Channel::Link(link) => {
                if link.enqueue(message, self.turn) {
                    self.effects.push(Effect::Flush(Arc::clone(link)));
                } else if !slot.gathering {
                    slot.gathering = true;
                    self.gathering.push(pipe);
                }
            }
            Channel::Inproc(end) => {
                let nudge = end.push(message);
                self.effects.nudge(nudge);
            }
        }
    }

    /// The user turns to something else, or needs room: what streams have gathered is to be written. Says whether
    /// there was anything.
    #[inline]
    pub(super) fn turn(&mut self) -> bool {
        self.turn += 1;
        if self.gathering.is_empty() {
            return false;
        }
        for pipe in std::mem::take(&mut self.gathering) {
            let Some(Some(slot)) = self.slots.get_mut(pipe.0 as usize) else { continue };
            slot.gathering = false;
            if let Channel::Link(link) = &slot.channel {
                self.effects.push(Effect::Flush(Arc::clone(link)));
            }
        }
        true
    }

    /// Keeps the counters of a link that has ended.
    pub(super) fn bury(&mut self, counters: &Counters) {
        add(&mut self.past, counters);
    }

    /// Sums up the pipes, living and past.
    pub(super) fn stats(&self, lingering: &[Arc<Link>]) -> Stats {
        let mut stats = self.past;
        for link in lingering {
            add(&mut stats, &link.counters());
        }
        for slot in self.slots.iter().flatten() {
            stats.recv_queued += slot.local.len() as u64;
            match &slot.channel {
                Channel::Link(link) => add(&mut stats, &link.counters()),
                Channel::Inproc(end) => {
                    let waiting = end.waiting() as u64;
                    stats.recv_queued += waiting;
                    stats.recv_accepted += end.taken + waiting;
                    stats.sent_accepted += end.given;
                    stats.sent_delivered += end.given;
                }
            }
        }
        stats
    }
}

impl Pipes for PipeTable {
    #[inline]
    fn writable(&self, pipe: PipeId) -> bool {
        match self.get(pipe).map(|slot| &slot.channel) {
            Some(Channel::Link(link)) => link.writable(),
            Some(Channel::Inproc(end)) => end.writable(),
            None => false,
        }
    }
}

impl Inbox for PipeTable {
    #[inline]
    fn pop(&mut self, pipe: PipeId) -> Option<Message> {
        let Some(Some(slot)) = self.slots.get_mut(pipe.0 as usize) else { return None };
        if let Some(message) = slot.local.pop_front() {
            return Some(message);
        }
        let message = match &mut slot.channel {
            Channel::Link(link) => {
                if link.refill(&mut slot.local).events {
                    self.eventful.push(Arc::clone(link));
                }
                slot.local.pop_front()
            }
            Channel::Inproc(end) => {
                let (message, nudge) = end.pop();
                self.effects.nudge(nudge);
                message
            }
        };
        if message.is_none() && slot.stage == Stage::Retired {
            self.drained.push(pipe);
        }
        message
    }
}

fn add(stats: &mut Stats, counters: &Counters) {
    stats.sent_accepted += counters.sent_accepted;
    stats.sent_delivered += counters.sent_delivered;
    stats.sent_queued += counters.send_queued;
    stats.sent_dropped_disconnected += counters.sent_dropped.disconnected;
    stats.sent_dropped_linger += counters.sent_dropped.lingered;
    stats.recv_accepted += counters.recv_accepted;
    stats.recv_queued += counters.recv_queued;
    stats.recv_dropped_closed += counters.recv_dropped_closed;
    stats.protocol_errors += counters.protocol_errors;
    stats.connections_established += counters.established;
    stats.connections_lost += counters.lost;
}
