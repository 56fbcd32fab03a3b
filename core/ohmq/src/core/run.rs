//! Runs: what a streaming user does over and over, without looking each time at what cannot have changed.
//!
//! ```text
//!            a message of a stream was sent to the only peer,
//!            or received from the only one that has any
//!   NOTHING ──────────────────────────────────────────────────▶ SENDING(pipe, room) or RECEIVING(pipe)
//!      ▲                                                            │
//!      └────────────────────────────────────────────────────────────┘
//!         no room, a full batch, nothing at hand; or anybody takes the socket's lock for anything else
//! ```
//!
//! Whatever could change where the next message goes or comes from happens under the socket's lock: a peer that comes,
//! leaves or has something to read, an option, a tick, a call of another kind. All of them end the run, and the next
//! message goes the whole way. Room alone changes without the lock, but then it only grows: a sender has what it was
//! granted, since nobody else queues anything. (An inproc peer that lowers its high-water mark is heeded after the grant.)

use ohmq_net::LinkEnd;
use ohmq_proto::connection::{InlineBody, KeptBody};
use ohmq_proto::message::INLINE;
use ohmq_proto::{Message, PipeId};
use ohmq_queue::mistake::{Mistake, planted};

use super::effects::Effect;
use super::inner::Inner;
use super::pipes::{Channel, Gathering, PipeTable, Slot};

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Run {
    #[default]
    Nothing,
    /// So many messages may still be gathered for a link, or put into the queue of an inproc peer.
    Sending(PipeId, usize),
    /// The batch of a link is received, or what an inproc peer is known to have sent.
    Receiving(PipeId),
}

/// How a message went that was sent as part of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// It is sent, and nothing else is to be done.
    Done,
    /// It is sent, and there are effects to be carried out.
    Settle,
    /// There is no such run: it has to go the whole way.
    No,
}

/// What an inproc peer knows of a message that was sent to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Told {
    /// It looks by itself.
    AsWished,
    /// Nothing, but it wishes to.
    NotYet(PipeId),
}

impl Inner {
    /// Sends a message as part of a run.
    #[inline(always)]
    pub(super) fn run_send(&mut self, body: &[u8]) -> Step {
        let Run::Sending(pipe, room @ 1..) = &mut self.run else { return Step::No };
        let pipe = *pipe;
        let Some(Some(Slot { channel: Channel::Link(end), .. })) = self.table.slots.get_mut(pipe.0 as usize)
        else {
            return self.run_send_inproc(body);
        };
        let Some(full) = end.gather_body(body) else { return Step::No };
        *room -= 1;
        self.table.pace.on_sent();
        if full {
            self.table.gathered(pipe, super::pace::Step::Gather, true);
            return Step::Settle;
        }
        Step::Done
    }

    /// The same for a short body and a link, if nothing has to be done but to copy it; says whether it did.
    #[inline(always)]
    pub(super) fn run_send_short(&mut self, body: &[u8]) -> bool {
        let Some((end, room)) = target(&mut self.run, &mut self.table.slots) else { return false };
        let sent = end.gather_short(body);
        if sent {
            *room -= 1;
            self.table.pace.on_sent();
        }
        sent
    }

    /// The same for a longer one.
    #[inline(always)]
    pub(super) fn run_send_longer(&mut self, body: &[u8]) -> bool {
        let Some((end, room)) = target(&mut self.run, &mut self.table.slots) else { return false };
        let sent = end.gather_longer(body);
        if sent {
            *room -= 1;
            self.table.pace.on_sent();
        }
        sent
    }

    /// The same for an inproc peer; out of the way of links.
    #[inline(never)]
    fn run_send_inproc(&mut self, body: &[u8]) -> Step {
        let Run::Sending(pipe, room @ 1..) = &mut self.run else { return Step::No };
        let Some(Some(Slot { channel: Channel::Inproc(end), .. })) =
            self.table.slots.get_mut(pipe.0 as usize)
        else {
            return Step::No;
        };
        *room -= 1;
        let mut step = Step::Done;
        end.push(
            |place| Message::write(place, body),
            |nudge| {
                self.table.effects.push(Effect::Nudge(nudge));
                step = Step::Settle;
            },
        );
        step
    }

    /// The same for a body of the longest length that is inside a message, if nothing has to be done but to write it. If the
    /// peer wishes to be told, it is told afterwards; see [`PipeTable::tell_of_messages`].
    #[inline(always)]
    pub(super) fn run_send_whole_inproc(&mut self, body: &[u8; INLINE]) -> Option<Told> {
        let Run::Sending(pipe, room @ 1..) = &mut self.run else { return None };
        let Some(Some(Slot { channel: Channel::Inproc(end), .. })) =
            self.table.slots.get_mut(pipe.0 as usize)
        else {
            return None;
        };
        let wishes = end.push_whole(body)?;
        *room -= 1;
        Some(if wishes { Told::NotYet(*pipe) } else { Told::AsWished })
    }

    /// The next message of a run from a link, if it is short, for whoever makes a message of it in its place. All that need
    /// more are left to [`Inner::run_recv`].
    #[inline(always)]
    pub(super) fn run_recv_inline(&mut self) -> Option<InlineBody<'_>> {
        let body = source(self.run, &mut self.table)?.next_inline()?;
        self.delivered += 1;
        Some(body)
    }

    /// The same for a longer one that need not be copied.
    #[inline(always)]
    pub(super) fn run_recv_kept(&mut self) -> Option<KeptBody> {
        let body = source(self.run, &mut self.table)?.next_kept()?;
        self.delivered += 1;
        Some(body)
    }

    /// The next message of a run from an inproc peer, if nothing has to be done but to take it.
    #[inline(always)]
    pub(super) fn run_recv_known(&mut self) -> Option<Message> {
        let Run::Receiving(pipe) = self.run else { return None };
        let Some(Some(Slot { channel: Channel::Inproc(end), .. })) =
            self.table.slots.get_mut(pipe.0 as usize)
        else {
            return None;
        };
        let message = end.next_known()?;
        self.delivered += 1;
        Some(message)
    }

    /// Receives a message as part of a run; says whether there was one.
    #[inline(always)]
    pub(super) fn run_recv(&mut self, into: &mut Message) -> bool {
        let Run::Receiving(pipe) = self.run else { return false };
        let found = match self.table.slots.get_mut(pipe.0 as usize) {
            Some(Some(Slot { channel: Channel::Link(end), .. })) => end.pop_batch(into),
            Some(Some(Slot { channel: Channel::Inproc(end), .. })) => {
                end.next_known().map(|message| *into = message).is_some()
            }
            _ => false,
        };
        self.delivered += u64::from(found);
        found
    }

    /// A message of a stream was sent the whole way.
    #[inline]
    pub(super) fn begin_run_of_sends(&mut self, pipe: PipeId) {
        if self.pattern.only_target() == Some(pipe)
            && let Some(room) = self.table.room_for_run(pipe)
        {
            self.run = Run::Sending(pipe, room);
        }
    }

    /// A message was received the whole way.
    #[inline]
    pub(super) fn begin_run_of_receives(&mut self) {
        if let Some(pipe) = self.pattern.only_source()
            && self.table.get(pipe).is_some_and(|slot| match &slot.channel {
                Channel::Link(end) => end.has_batch(),
                Channel::Inproc(end) => end.is_alike(),
            })
        {
            self.run = Run::Receiving(pipe);
        }
    }
}

/// The link that a run sends to, and the room it has been granted, if any is left.
#[inline(always)]
fn target<'a>(run: &'a mut Run, slots: &'a mut [Option<Slot>]) -> Option<(&'a mut LinkEnd, &'a mut usize)> {
    let Run::Sending(pipe, room @ 1..) = run else { return None };
    match slots.get_mut(pipe.0 as usize) {
        Some(Some(Slot { channel: Channel::Link(end), .. })) => Some((end, room)),
        _ => None,
    }
}

/// The link that a run receives from.
#[inline(always)]
fn source(run: Run, table: &mut PipeTable) -> Option<&mut LinkEnd> {
    let Run::Receiving(pipe) = run else { return None };
    match table.slots.get_mut(pipe.0 as usize) {
        Some(Some(Slot { channel: Channel::Link(end), .. })) => Some(end),
        _ => None,
    }
}

impl PipeTable {
    /// How many more messages may be sent to a peer to which one has just been sent the short way.
    fn room_for_run(&self, pipe: PipeId) -> Option<usize> {
        match self.get(pipe)? {
            // The ticks look after what is gathered only where something is already.
            Slot { channel: Channel::Link(end), gathering, reads: false, .. }
                if *gathering != Gathering::No || planted(Mistake::RunUntended) =>
            {
                Some(end.room().min(self.pace.left()))
            }
            Slot { channel: Channel::Inproc(end), .. } => Some(end.room()),
            _ => None,
        }
    }
}
