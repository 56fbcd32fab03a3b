//! How a connection ends and what becomes of what was queued on it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ohmq_proto::Message;
use ohmq_proto::error::ProtocolError;
use ohmq_proto::message::folded::fold;

use super::{Link, LinkEvent, Origin, Phase, State, Wire};
use crate::kernel;
use crate::reactor::Command;

/// Why a connection, or a whole link, ended.
#[derive(Clone, Debug)]
pub enum Loss {
    /// The peer closed the stream.
    Ended,
    /// The operating system reported an error.
    Stream(io::ErrorKind),
    /// The peer broke the protocol, was silent for too long, or refused us.
    Protocol(ProtocolError),
    /// Our own socket closed, disconnected or unbound.
    Local,
}

impl Loss {
    /// Whether dialling again makes sense: not after a protocol error (libzmq's rule, inventory §5.10).
    pub(crate) fn retry(&self) -> bool {
        match self {
            Loss::Protocol(error) => error.retry(),
            Loss::Ended | Loss::Stream(_) => true,
            Loss::Local => false,
        }
    }
}

/// What the reactor does after [`Link::teardown`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum After {
    /// The stream is gone and must be forgotten; dial again after a pause.
    Redial,
    /// The link is over.
    Gone,
    /// Another thread holds a role; it sends the command again when it lets go.
    NotYet,
}

impl Link {
    /// The socket lets go of this link: nothing more is received, and what is queued is sent for at most `linger`
    /// (`None`: as long as it takes). Never blocks; [`Owner::finished`](super::Owner::finished) is called at the end.
    pub fn close(self: &Arc<Self>, linger: Option<Duration>) {
        {
            let mut state = self.lock();
            match state.phase {
                Phase::Open => state.phase = Phase::Lingering,
                Phase::Lingering => return,
                // It ended by itself while the socket was about to let go; the owner still waits to hear of the end.
                Phase::Closed => {}
            }
            state.counters.recv_dropped_closed += state.inbound.len() as u64;
            state.inbound.clear();
            state.outstanding = 0;
            state.paused = false;
            state.events.clear();
        }
        // A linger time beyond what the clock can express is for ever.
        let deadline = linger.map(|time| kernel::now().checked_add(time)).unwrap_or(None);
        self.command(Command::Close { link: Arc::clone(self), deadline });
    }

    /// Gives up what waits for a connection (`ZMQ_IMMEDIATE`: a queue exists only while the peer is there).
    pub fn discard_backlog(&self) {
        {
            let mut state = self.lock();
            let dropped = state.backlog.len();
            state.backlog.clear();
            state.counters.sent_dropped.disconnected += dropped as u64;
            self.release(dropped);
        }
        self.ring_room();
    }

    /// The stream cannot be served: takes the wire down as if it had failed.
    pub(crate) fn abort(&self, loss: Loss) {
        self.fail(&mut self.lock(), loss);
    }

    /// Marks the wire as finished and has the reactor take it down.
    pub(super) fn fail(&self, state: &mut State, loss: Loss) {
        if matches!(&loss, Loss::Protocol(error) if !error.retry()) {
            state.counters.protocol_errors += 1;
        }
        if let Some(wire) = state.wire.as_mut().filter(|wire| wire.failed.is_none()) {
            wire.failed = Some(loss);
            self.command(Command::Lost(self.key));
        }
    }

    /// Takes a failed wire away. Called by the reactor; the socket is attended by the caller afterwards.
    pub(crate) fn teardown(&self) -> After {
        let after = {
            let mut state = self.lock();
            let Some(wire) = state.wire.as_mut() else { return After::NotYet };
            if wire.reader_held || wire.writer_held {
                return After::NotYet;
            }
            let Some(loss) = wire.failed.clone() else { return After::NotYet };
            let Some(wire) = state.wire.take() else { return After::NotYet };
            state.paused = false;
            if wire.was_established {
                state.counters.lost += 1;
            }
            self.after_loss(&mut state, wire, loss)
        };
        self.ring_room();
        after
    }

    /// Ends the link now, whatever is still queued. False while another thread holds one of its roles.
    pub(crate) fn finish(&self, loss: Loss) -> bool {
        {
            let mut state = self.lock();
            if state.phase == Phase::Closed {
                return true;
            }
            if state.wire.as_ref().is_some_and(|wire| wire.reader_held || wire.writer_held) {
                return false;
            }
            let unsent = state.wire.take().map_or_else(Vec::new, |mut wire| unsent(&mut wire));
            let dropped = unsent.len() + state.backlog.len();
            state.backlog.clear();
            state.counters.sent_dropped.lingered += dropped as u64;
            state.phase = Phase::Closed;
            self.closed.store(true, Ordering::Relaxed);
            state.events.push(LinkEvent::Closed(loss));
            self.release(dropped);
        }
        self.ring_room();
        true
    }

    fn after_loss(&self, state: &mut State, mut wire: Wire, loss: Loss) -> After {
        let unsent = unsent(&mut wire);
        let again = self.origin == Origin::Dialed
            && loss.retry()
            && self.config.reconnect.interval.is_some()
            && (state.phase == Phase::Open || self.unsent() > 0);
        if again {
            for message in unsent.into_iter().rev() {
                state.backlog.push_front(message);
            }
            state.events.push(LinkEvent::Lost(loss));
            return After::Redial;
        }
        let dropped = unsent.len() + state.backlog.len();
        state.backlog.clear();
        state.counters.sent_dropped.disconnected += dropped as u64;
        state.phase = Phase::Closed;
        self.closed.store(true, Ordering::Relaxed);
        state.events.push(LinkEvent::Closed(loss));
        self.release(dropped);
        After::Gone
    }
}

/// The messages of a dead wire whose last byte the kernel never took.
fn unsent(wire: &mut Wire) -> Vec<Message> {
    let mut unsent = std::mem::take(wire.connection.output()).into_unsent();
    if wire.connection.is_delimited() {
        unsent.iter_mut().for_each(fold);
    }
    unsent
}
