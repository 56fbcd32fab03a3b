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

    /// Receives a message as part of a run; says whether there was one.
    #[inline(always)]
    pub(super) fn run_recv(&mut self, into: &mut Message) -> bool {
        let Run::Receiving(pipe) = self.run else { return false };
        let found = match self.table.slots.get_mut(pipe.0 as usize) {
            Some(Some(Slot { channel: Channel::Link(end), .. })) => end.pop_batch(into),
            Some(Some(Slot { channel: Channel::Inproc(end), .. })) => end.pop_known(into),
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
