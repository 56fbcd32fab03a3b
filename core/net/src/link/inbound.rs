//! Received messages on their way to the socket, at either end of a link.

use std::collections::VecDeque;

use bytes::BytesMut;
use ohmq_proto::Message;
use ohmq_proto::connection::{Batch, Connection, InlineBody, KeptBody};

use super::read::TAKEN_AT_ONCE;

/// Bytes from which on a batch is worth the read buffer that it keeps.
const WORTH_KEEPING: usize = 16 * 1024;

/// A queue of messages: first those of a batch, which are still as the peer sent them, then the others.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    batch: Batch,
    messages: VecDeque<Message>,
}

impl Inbound {
    /// Messages in the queue.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.batch.len() + self.messages.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts the next message into `into`; says whether there was one.
    #[inline]
    pub(super) fn pop(&mut self, into: &mut Message) -> bool {
        self.batch.pop(into) || self.pop_message(into)
    }

    /// The same for the messages of the batch.
    #[inline(always)]
    pub(super) fn pop_batch(&mut self, into: &mut Message) -> bool {
        self.batch.pop(into)
    }

    /// The next message of the batch; see [`Batch::next_inline`].
    #[inline(always)]
    pub(super) fn next_inline(&mut self) -> Option<InlineBody<'_>> {
        self.batch.next_inline()
    }

    /// See [`Batch::next_kept`].
    #[inline(always)]
    pub(super) fn next_kept(&mut self) -> Option<KeptBody> {
        self.batch.next_kept()
    }

    /// Whether there are any of these.
    pub(super) fn has_batch(&self) -> bool {
        !self.batch.is_empty()
    }

    fn pop_message(&mut self, into: &mut Message) -> bool {
        self.messages.pop_front().map(|message| *into = message).is_some()
    }

    pub(super) fn push(&mut self, message: Message) {
        self.messages.push_back(message);
    }

    pub(super) fn clear(&mut self) {
        *self = Inbound::default();
    }

    /// Moves short messages from the front of `slab` behind the others: up to `most` as one batch, when there are none yet
    /// and it is worth it, otherwise up to `few` as messages. Says how many.
    pub(super) fn take_run(
        &mut self,
        connection: &mut Connection,
        slab: &mut BytesMut,
        few: usize,
        most: usize,
    ) -> usize {
        let first = self.is_empty();
        let run = connection.run(slab, if first { most } else { few });
        if run.count == 0 {
            return 0;
        }
        if first && (run.count >= TAKEN_AT_ONCE || run.bytes >= WORTH_KEEPING) {
            self.batch = run.take(slab, connection.pins());
        } else {
            self.messages.reserve(run.count);
            run.take_apart(slab, |message| self.messages.push_back(message));
        }
        run.count
    }
}
