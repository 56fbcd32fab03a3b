//! The shortest ways into a socket and out of it: what a streaming user does with nearly every message.
//!
//! A message of a [run](super::run) mostly needs nothing but to be copied from one place to another. So little is done in
//! functions that call nothing on their way, but for a copy of more than a few bytes: no register has to be saved, which
//! would cost as much as the copy. What needs anything else is left as it is, and goes one way longer, to a function of its
//! own; and so on, up to the whole way.

use std::sync::atomic::Ordering;
use std::time::Duration;

use ohmq_proto::message::INLINE;
use ohmq_proto::{Message, PipeId};
use ohmq_queue::mistake::{Mistake, planted};

use super::inner::Inner;
use super::pipes::Look;
use super::run::{Step, Told};
use super::shared::{Patience, SocketCore};
use crate::{InterruptMark, Result, options};

impl SocketCore {
    /// Sends bytes as part of a run; says whether it did. If there is no run, or anything is wrong, [`SocketCore::give`] is
    /// the way.
    #[inline(always)]
    pub(crate) fn give_in_run(&self, body: &[u8], patience: Patience) -> bool {
        self.sends_run.load(Ordering::Relaxed)
            && if self.has_links() { self.run_on(body, patience) } else { self.run_on_inproc(body, patience) }
    }

    /// Most short messages need nothing but a copy: no call, and so no register saved for one.
    #[inline(never)]
    fn run_on(&self, body: &[u8], patience: Patience) -> bool {
        (body.len() <= INLINE && self.send_favoured(|inner| inner.run_send_short(body)))
            || self.run_on_longer(body, patience)
    }

    /// The same for longer ones, whose copy is a call.
    #[inline(never)]
    fn run_on_longer(&self, body: &[u8], patience: Patience) -> bool {
        (body.len() > INLINE && self.send_favoured(|inner| inner.run_send_longer(body)))
            || self.run_on_the_long_way(body, patience)
    }

    /// Sends by `send` if the calling thread holds the socket's favour; says whether it did.
    #[inline(always)]
    fn send_favoured(&self, send: impl FnOnce(&mut Inner) -> bool) -> bool {
        self.is_welcome() && self.inner.lock_the_short_way().is_some_and(|mut inner| send(&mut inner))
    }

    /// The same for sockets that have had none but inproc peers.
    #[inline(never)]
    fn run_on_inproc(&self, body: &[u8], patience: Patience) -> bool {
        if let Ok(whole) = body.try_into()
            && self.is_welcome()
            && let Some(mut inner) = self.inner.lock_the_short_way()
            && let Some(told) = inner.run_send_whole_inproc(whole)
        {
            return match told {
                Told::AsWished => true,
                Told::NotYet(_) if planted(Mistake::InprocRunTellsNobody) => true,
                Told::NotYet(pipe) => {
                    drop(inner);
                    self.tell_of_messages(pipe)
                }
            };
        }
        self.run_on_the_long_way(body, patience)
    }

    /// Tells an inproc peer of messages. Whoever was faster and closed the pipe has told it that.
    #[cold]
    fn tell_of_messages(&self, pipe: PipeId) -> bool {
        let mut inner = self.inner.lock();
        inner.table.tell_of_messages(pipe);
        if !inner.is_quiet() {
            self.settle(inner);
        }
        true
    }

    /// What a run does with all other messages: those that fill a batch, have no memory to go to yet, or are sent by a thread
    /// that does not hold the socket's favour.
    #[inline(never)]
    fn run_on_the_long_way(&self, body: &[u8], patience: Patience) -> bool {
        if !self.is_welcome() {
            return false;
        }
        let mut inner = self.inner.lock();
        match inner.run_send(body) {
            Step::Done => true,
            Step::Settle => {
                if inner.table.gathers_for_one() {
                    self.glimpse.on_batch();
                }
                self.end_sending(inner, patience);
                true
            }
            Step::No => false,
        }
    }

    /// Receives a message, waiting as long as `RCVTIMEO` says.
    #[inline(never)]
    pub(crate) fn receive(&self) -> Result<Message> {
        self.receive_or(Self::receive_as_set)
    }

    /// Receives a message if there is one now.
    #[inline(never)]
    pub(crate) fn receive_now(&self) -> Result<Message> {
        self.receive_or(Self::receive_or_refuse)
    }

    /// Receives a message, waiting for at most `timeout`, and not after an interrupt since that mark.
    #[inline(never)]
    pub(crate) fn receive_for(
        &self,
        timeout: Option<Duration>,
        since: Option<InterruptMark>,
    ) -> Result<Message> {
        self.receive_or(|core| core.receive_or_wait(timeout, since))
    }

    /// Most messages of a run need nothing but to be taken: they are made where the caller wants them, without a call.
    #[inline(always)]
    fn receive_or(&self, otherwise: impl FnOnce(&Self) -> Result<Message>) -> Result<Message> {
        if self.is_welcome()
            && let Some(mut inner) = self.inner.lock_the_short_way()
        {
            if let Some(body) = inner.run_recv_inline() {
                return Ok(Message::from(body));
            }
            if let Some(body) = inner.run_recv_kept() {
                return Ok(Message::from(body));
            }
            if let Some(message) = inner.run_recv_known() {
                return Ok(message);
            }
        }
        otherwise(self)
    }

    #[inline(never)]
    fn receive_as_set(&self) -> Result<Message> {
        let mut message = Message::new();
        if !self.take(&mut message, Look::Passing)? {
            let (_, timeout) = self.timeouts();
            self.recv_waiting(&mut message, options::timeout(timeout), None)?;
        }
        Ok(message)
    }

    #[inline(never)]
    fn receive_or_refuse(&self) -> Result<Message> {
        let mut message = Message::new();
        if self.take(&mut message, Look::Passing)?
            || (self.pump() && self.take(&mut message, Look::Passing)?)
        {
            return Ok(message);
        }
        Err(self.would_block("receive"))
    }

    #[inline(never)]
    fn receive_or_wait(&self, timeout: Option<Duration>, since: Option<InterruptMark>) -> Result<Message> {
        let mut message = Message::new();
        if !self.take(&mut message, Look::Passing)? {
            self.recv_waiting(&mut message, timeout, since)?;
        }
        Ok(message)
    }
}
