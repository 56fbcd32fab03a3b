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
//! granted, since nobody else queues anything.

use ohmq_proto::{Message, PipeId};

use super::inner::Inner;
use super::pipes::{Channel, PipeTable, Slot};

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Run {
    #[default]
    Nothing,
    /// So many messages may still be gathered for a link.
    Sending(PipeId, usize),
    /// The batch of a link is received.
    Receiving(PipeId),
}

/// How a message went that was sent as part of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// It is gathered, and nothing else is to be done.
    Gathered,
    /// It is gathered, and the batch is full.
    Full,
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
            return Step::No;
        };
        let Some(full) = end.gather_body(body) else { return Step::No };
        *room -= 1;
        if full {
            self.table.gathered(pipe, super::pace::Step::Gather, true);
            return Step::Full;
        }
        Step::Gathered
    }

    /// Receives a message as part of a run; says whether there was one.
    #[inline(always)]
    pub(super) fn run_recv(&mut self, into: &mut Message) -> bool {
        let Run::Receiving(pipe) = self.run else { return false };
        let Some(Some(Slot { channel: Channel::Link(end), .. })) = self.table.slots.get_mut(pipe.0 as usize)
        else {
            return false;
        };
        let found = end.pop_batch(into);
        self.delivered += u64::from(found);
        found
    }

    /// A message of a stream was sent the whole way.
    #[inline]
    pub(super) fn begin_run_of_sends(&mut self, pipe: PipeId) {
        if self.pattern.only_target() == Some(pipe)
            && let Some(room) = self.table.room_to_gather(pipe)
        {
            self.run = Run::Sending(pipe, room);
        }
    }

    /// A message was received the whole way.
    #[inline]
    pub(super) fn begin_run_of_receives(&mut self) {
        if let Some(pipe) = self.pattern.only_source()
            && let Some(Slot { channel: Channel::Link(end), .. }) = self.table.get(pipe)
            && end.has_batch()
        {
            self.run = Run::Receiving(pipe);
        }
    }
}

impl PipeTable {
    /// How many messages may be gathered for a link for which some are already.
    fn room_to_gather(&self, pipe: PipeId) -> Option<usize> {
        match self.get(pipe)? {
            Slot { channel: Channel::Link(end), reads: false, .. } => Some(end.room()),
            _ => None,
        }
    }
}
