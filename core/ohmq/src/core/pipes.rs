//! The pipes of one socket: dense numbers for the pattern, a link or an inproc end behind each.

use std::sync::Arc;

use bytes::Bytes;
use ohmq_net::{Counters, Direct, Keyed, Link, LinkEnd};
use ohmq_proto::message::folded::unfold;
use ohmq_proto::{Found, Inbox, Message, PipeId, Pipes};
use ohmq_queue::mistake::{Mistake, planted};

use super::effects::{Effect, Effects};
use super::pace::{Pace, Step, Tick};
use super::portions::Due;
use super::publish::Press;
use crate::inproc::InprocEnd;
use crate::{Events, Stats};

/// So many times more is read of peers that are known to have more, before the others are asked: that is a system call, and what
/// is read meanwhile some thousand short messages.
const READS: u32 = if cfg!(shuttle) { 2 } else { 32 };

/// Bytes of a short write.
const SHORT: usize = 24 * 1024;

#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly every pipe is a link, which is reached once for each message"
)]
pub(super) enum Channel {
    Link(LinkEnd),
    /// In a place of its own, so that links stay small.
    Inproc(Box<InprocEnd>),
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

/// How a caller looks for a message or for room.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Look {
    /// It looks again by itself, or does not rely on being told.
    #[default]
    Passing,
    /// It has announced itself at the doorbell, and if it finds nothing it sleeps: the peers have to tell.
    Last,
}

/// Whether messages of a stream are gathered for a pipe.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Gathering {
    #[default]
    No,
    /// Since the last tick.
    Fresh,
    /// A tick has seen them.
    Old,
}

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) key: u64,
    pub(super) channel: Channel,
    /// The bind or connect it belongs to.
    pub(super) endpoint: u64,
    pub(super) stage: Stage,
    /// What `CONNECT_ROUTING_ID` calls its peer, whenever one comes.
    pub(super) named: Option<Box<Bytes>>,
    pub(super) gathering: Gathering,
    /// It gets what the press gathers.
    pub(super) reads: bool,
}

impl Slot {
    pub(super) fn new(key: u64, channel: Channel, endpoint: u64) -> Self {
        Slot {
            key,
            channel,
            endpoint,
            stage: Stage::Waiting,
            named: None,
            gathering: Gathering::No,
            reads: false,
        }
    }

    /// Nothing will ever come again.
    pub(super) fn is_over(&self) -> bool {
        match &self.channel {
            Channel::Link(end) => end.link().is_closed(),
            Channel::Inproc(_) => true,
        }
    }

    /// Has the link write what was gathered.
    pub(super) fn hand_over(&mut self, effects: &mut Effects) {
        if let Channel::Link(end) = &mut self.channel
            && end.hand_over()
        {
            effects.push(Effect::Flush(Arc::clone(end.link())));
        }
    }

    /// Something of it is at hand.
    fn has_more(&self) -> bool {
        matches!(&self.channel, Channel::Link(end) if end.received() > 0)
    }

    /// Nothing of it is at hand any more, nor is anything gathered for it: what is sent next is all that it waits for.
    fn is_answered(&self) -> bool {
        self.gathering == Gathering::No && !self.has_more()
    }

    /// Nothing is left to be received.
    pub(super) fn is_drained(&self) -> bool {
        match &self.channel {
            Channel::Link(end) => end.is_drained(),
            Channel::Inproc(end) => end.waiting() == 0,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct PipeTable {
    pub(super) slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    by_key: Keyed<PipeId>,
    /// Retired pipes found empty: to be detached.
    pub(super) drained: Vec<PipeId>,
    /// Links with events that came up while the socket itself was reading.
    pub(super) eventful: Vec<Arc<Link>>,
    pub(super) effects: Effects,
    /// What the present call means by looking.
    pub(super) look: Look,
    /// How many more messages may be taken in this turn.
    pub(super) looks: u32,
    /// How many times more was read of peers since the others were asked.
    reads: u32,
    pub(super) pace: Pace,
    /// Pipes that gather a batch which nobody has written yet.
    gathering: Vec<PipeId>,
    pub(super) press: Press,
    /// Grows whenever the user finds nothing to receive, or does anything else but send: what a stream is interrupted by.
    turn: u64,
    /// What pipes that are gone have carried.
    past: Stats,
    /// The pattern takes and gives folded messages.
    folds: bool,
}

impl PipeTable {
    pub(super) fn new(folds: bool) -> Self {
        PipeTable { folds, ..PipeTable::default() }
    }

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
        self.stop_press();
        let slot = self.slots.get_mut(pipe.0 as usize)?.take()?;
        self.free.push(pipe.0);
        self.by_key.remove(&slot.key);
        match &slot.channel {
            Channel::Link(end) => self.past.recv_dropped_closed += end.received() as u64,
            Channel::Inproc(end) => {
                let left = end.waiting() as u64;
                self.past.recv_accepted += end.taken + left;
                self.past.recv_dropped_closed += left;
                self.past.sent_accepted += end.given;
                self.past.sent_delivered += end.given;
            }
        }
        Some(slot)
    }

    /// What the pace of the user makes of the message that is about to be queued.
    #[inline]
    pub(super) fn pace(&mut self) -> Step {
        self.pace.on_send(self.turn)
    }

    /// The same for a message to one peer.
    #[inline]
    pub(super) fn pace_to(&mut self, pipe: PipeId) -> Step {
        match self.get(pipe) {
            Some(slot) if self.pace.is_answer() && slot.is_answered() => self.pace.on_last_answer(),
            Some(slot) if self.pace.is_answer() && slot.has_more() => self.pace.on_answer(),
            _ => self.pace(),
        }
    }

    /// A message was queued for its pipes, as its pace wanted it. What nobody would write soon is to be written.
    #[inline]
    pub(super) fn sent(&mut self) {
        self.pace.on_sent();
        let write = match self.pace.due() {
            Due::Nothing => false,
            Due::Portion => self.is_one_short_write(),
            Due::Burst => true,
        };
        if write {
            self.write_gathered(Gathering::Fresh);
        }
    }

    /// Whether all that is gathered goes to one peer and is short. What is longer fills batches soon.
    fn is_one_short_write(&self) -> bool {
        let [pipe] = self.gathering[..] else { return false };
        let short = |slot: &Slot| matches!(&slot.channel, Channel::Link(end) if end.gathered_bytes() < SHORT);
        self.press.age == Gathering::No && self.get(pipe).is_some_and(short)
    }

    /// Whether what is gathered goes to one peer.
    #[inline]
    pub(super) fn gathers_for_one(&self) -> bool {
        self.gathering.len() == 1 && self.press.age == Gathering::No
    }

    /// Whether all that was sent in a stream is written, because its sender is expected to pause now.
    pub(super) fn ends_burst(&self) -> bool {
        self.pace.ends_burst() && !self.is_gathering()
    }

    /// Gives a routed message to its pipe; the bytes are written when the effects run, or when enough are gathered. The
    /// message may be left in its place, for the caller to drop.
    #[inline]
    pub(super) fn enqueue(&mut self, pipe: PipeId, message: &mut Message, step: Step) {
        if self.get(pipe).is_some_and(|slot| slot.reads) {
            self.stop_press();
        }
        let Some(Some(slot)) = self.slots.get_mut(pipe.0 as usize) else {
            return self.pace.put_off(step);
        };
        match &mut slot.channel {
            Channel::Link(end) if step == Step::Write => {
                end.write(message);
                self.effects.push(Effect::Flush(Arc::clone(end.link())));
            }
            Channel::Link(end) => {
                if self.folds {
                    unfold(message);
                }
                let full = end.gather(message);
                if full || slot.gathering == Gathering::No || step == Step::Begin {
                    self.gathered(pipe, step, full);
                }
            }
            Channel::Inproc(end) => {
                self.pace.put_off(step);
                end.push(
                    |place| place.write(std::mem::take(message)),
                    |nudge| self.effects.push(Effect::Nudge(nudge)),
                );
            }
        }
    }

    /// Puts the body of a message into its pipe, from where it lies, if that can be done: into a link only if the user
    /// streams. Says whether it did.
    #[inline]
    pub(super) fn gather(&mut self, pipe: PipeId, body: &[u8]) -> bool {
        let (end, gathering) = match self.slots.get_mut(pipe.0 as usize) {
            Some(Some(Slot { channel: Channel::Inproc(end), .. })) => {
                end.push(
                    |place| Message::write(place, body),
                    |nudge| self.effects.push(Effect::Nudge(nudge)),
                );
                return true;
            }
            Some(Some(slot)) if self.pace.is_answer() && slot.is_answered() => return false,
            Some(Some(Slot { channel: Channel::Link(end), gathering, reads: false, .. })) => (end, gathering),
            _ => return false,
        };
        if !self.pace.goes_on() {
            return false;
        }
        let Some(full) = end.gather_body(body) else { return false };
        if full || *gathering == Gathering::No {
            self.gathered(pipe, Step::Gather, full);
        }
        self.sent();
        true
    }

    /// Tells an inproc peer of messages, if it still wishes to be told.
    pub(super) fn tell_of_messages(&mut self, pipe: PipeId) {
        if let Some(Slot { channel: Channel::Inproc(end), .. }) = self.get(pipe)
            && let Some(nudge) = end.tell_of_messages()
        {
            self.effects.push(Effect::Nudge(nudge));
        }
    }

    /// Accepts a body for its pipe that is written from where it lies, if that can be done now.
    pub(super) fn begin_direct(&mut self, pipe: PipeId, length: usize) -> Option<Direct> {
        match self.get_mut(pipe)? {
            Slot { channel: Channel::Link(end), reads: false, .. } => end.begin_direct(length),
            _ => None,
        }
    }

    /// A message was gathered for a pipe: the first of a batch or of the stream, or the last of a batch.
    #[cold]
    pub(super) fn gathered(&mut self, pipe: PipeId, step: Step, full: bool) {
        let Some(Some(slot)) = self.slots.get_mut(pipe.0 as usize) else { return };
        if slot.gathering == Gathering::No {
            slot.gathering = Gathering::Fresh;
            self.gathering.push(pipe);
        }
        if full {
            self.pace.on_batch();
            slot.gathering = Gathering::Fresh;
            slot.hand_over(&mut self.effects);
        }
        if step == Step::Begin
            && !planted(Mistake::StreamUntended)
            && let Channel::Link(end) = &slot.channel
        {
            end.begin_stream();
        }
    }

    /// The user turns to something else, or needs room: what the stream has gathered is to be written. Says whether
    /// there was anything.
    #[inline]
    pub(super) fn turn(&mut self) -> bool {
        self.turn += 1;
        self.is_gathering() && self.write_gathered(Gathering::Fresh)
    }

    /// Looks after the stream; says what was to be done.
    pub(super) fn tick(&mut self) -> Tick {
        let tick = self.pace.on_tick(self.is_gathering());
        match tick {
            Tick::WriteOld => _ = self.write_gathered(Gathering::Old),
            Tick::WriteAll => _ = self.write_gathered(Gathering::Fresh),
            Tick::End => {
                self.stop_press();
                for slot in self.slots.iter_mut().flatten() {
                    if let Channel::Link(end) = &mut slot.channel {
                        end.end_stream();
                    }
                }
            }
        }
        tick
    }

    #[inline]
    fn is_gathering(&self) -> bool {
        !self.gathering.is_empty() || self.press.age != Gathering::No
    }

    /// Has written what is gathered: all of it, or only what is old. Says whether anything was.
    #[cold]
    fn write_gathered(&mut self, age: Gathering) -> bool {
        let before = self.effects.len();
        if self.press.age == Gathering::Fresh && age == Gathering::Old {
            self.press.age = Gathering::Old;
        } else {
            self.publish();
        }
        let mut pipes = std::mem::take(&mut self.gathering);
        pipes.retain(|pipe| {
            let Some(Some(slot)) = self.slots.get_mut(pipe.0 as usize) else { return false };
            if slot.gathering == Gathering::Fresh && age == Gathering::Old {
                slot.gathering = Gathering::Old;
                return true;
            }
            slot.gathering = Gathering::No;
            slot.hand_over(&mut self.effects);
            false
        });
        self.gathering = pipes;
        self.effects.len() != before
    }

    /// The only pipe, if it is an inproc one.
    pub(super) fn only_inproc(&mut self) -> Option<(PipeId, &mut InprocEnd)> {
        let mut slots =
            self.slots.iter_mut().enumerate().filter_map(|(index, slot)| Some((index, slot.as_mut()?)));
        match (slots.next(), slots.next()) {
            (Some((index, Slot { channel: Channel::Inproc(end), .. })), None) => {
                Some((PipeId(index as u32), end))
            }
            _ => None,
        }
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
        stats.sent_accepted += self.press.copies();
        stats.sent_queued += self.press.copies();
        for slot in self.slots.iter().flatten() {
            match &slot.channel {
                Channel::Link(end) => {
                    stats.recv_queued += end.received() as u64;
                    add(&mut stats, &end.counters());
                }
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
        let Some(slot) = self.get(pipe) else { return false };
        match &slot.channel {
            Channel::Link(end) => end.writable(if slot.reads { self.press.waiting() } else { 0 }),
            Channel::Inproc(end) => end.writable(self.look),
        }
    }
}

impl Inbox for PipeTable {
    #[inline]
    fn pop(&mut self, pipe: PipeId, into: &mut Message) -> Found {
        if self.looks == 0 {
            return self.enough();
        }
        self.looks -= 1;
        if let Some(Some(Slot { channel: Channel::Link(end), .. })) = self.slots.get_mut(pipe.0 as usize)
            && end.pop(into)
        {
            return Found::Message;
        }
        self.look_and_pop(pipe, into)
    }
}

impl PipeTable {
    /// The turn was long enough. There may be more, so whoever is going to wait must come back.
    #[cold]
    fn enough(&mut self) -> Found {
        self.effects.ring |= Events::IN.interest();
        Found::NothingYet
    }

    /// The same for a pipe that has nothing at hand: more may be known to be there.
    #[inline(never)]
    fn look_and_pop(&mut self, pipe: PipeId, into: &mut Message) -> Found {
        let Some(Some(slot)) = self.slots.get_mut(pipe.0 as usize) else { return Found::Nothing };
        match &mut slot.channel {
            Channel::Link(end) => {
                let refill = end.refill();
                if refill.events {
                    self.eventful.push(Arc::clone(end.link()));
                }
                if refill.read {
                    self.reads += 1;
                    if self.reads >= READS {
                        self.reads = 0;
                        self.effects.others = self.by_key.len() > 1;
                    }
                }
                if end.pop(into) {
                    return Found::Message;
                }
            }
            Channel::Inproc(end) => {
                // Who is gone tells of nothing more.
                let look = if slot.stage == Stage::Retired { Look::Last } else { self.look };
                let found = end.pop(into, look, |nudge| self.effects.push(Effect::Nudge(nudge)));
                if found != Found::Nothing {
                    return found;
                }
            }
        }
        if slot.stage == Stage::Retired {
            self.drained.push(pipe);
        }
        Found::Nothing
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
