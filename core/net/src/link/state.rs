//! The data behind a link's lock.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::BytesMut;
use ohmq_proto::Message;
use ohmq_proto::connection::Connection;
use ohmq_queue::mistake::{Mistake, planted};

use super::inbound::Inbound;
use super::{LinkEvent, Loss};
use crate::stream::Stream;

/// Where a link is in its life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    /// In use by its socket.
    Open,
    /// Its socket has let go of it; what is queued is still being sent.
    Lingering,
    /// Over.
    Closed,
}

pub(super) struct State {
    pub(super) phase: Phase,
    pub(super) wire: Option<Wire>,
    /// Accepted messages that wait for an established connection.
    pub(super) backlog: VecDeque<Message>,
    /// Parsed messages that wait for the socket.
    pub(super) inbound: Inbound,
    /// Messages the socket took with its last refill: they count against the receive mark until the next one.
    pub(super) outstanding: usize,
    pub(super) recv_hwm: usize,
    /// Reading stopped because the queue is at its mark; whoever makes room reads on.
    pub(super) paused: bool,
    /// The socket knows that there are messages and will come for them.
    pub(super) announced: bool,
    pub(super) events: Vec<LinkEvent>,
    pub(super) counters: Counters,
}

impl State {
    pub(super) fn new(recv_hwm: usize) -> Self {
        State {
            phase: Phase::Open,
            wire: None,
            backlog: VecDeque::new(),
            inbound: Inbound::default(),
            outstanding: 0,
            recv_hwm,
            paused: false,
            announced: false,
            events: Vec::new(),
            counters: Counters::default(),
        }
    }

    /// How many more parsed messages may be queued.
    pub(super) fn room(&self) -> usize {
        match self.recv_hwm {
            0 => usize::MAX,
            mark => mark.saturating_sub(self.inbound.len() + self.outstanding),
        }
    }

    /// Whether bytes may wait in the slab because the queue is full or the socket had enough.
    pub(super) fn is_behind(&self) -> bool {
        self.paused || self.wire.as_ref().is_some_and(|wire| wire.unparsed)
    }
}

/// A connected stream and the connection that speaks on it.
pub(super) struct Wire {
    pub(super) stream: Arc<Stream>,
    pub(super) connection: Connection,
    /// Bytes read and not yet parsed.
    pub(super) slab: BytesMut,
    /// The handshake was completed, whatever came after it.
    pub(super) was_established: bool,
    pub(super) reader_held: bool,
    /// Something happened on the stream while the reader role was held; its holder reads once more.
    pub(super) read_again: bool,
    /// The last read was cut off by its size, so the kernel may have more; no new edge will tell.
    pub(super) more: bool,
    /// Reads in a row that were cut off by their size.
    pub(super) full_reads: u8,
    /// The slab may hold whole messages: the socket had enough for the moment.
    pub(super) unparsed: bool,
    /// The nest knows that there is more, in case the socket does not come back for it.
    pub(super) remembered: bool,
    /// The poller saw the end of the stream: read until it is reached.
    pub(super) ending: bool,
    pub(super) writer_held: bool,
    /// The kernel refused bytes; the I/O thread goes on when the stream is writable.
    pub(super) refused: bool,
    /// The stream became writable while the writer role was held.
    pub(super) retry_write: bool,
    /// The stream cannot be written any more; reading goes on to what the peer said last.
    pub(super) write_closed: bool,
    /// Why this wire is finished, once it is.
    pub(super) failed: Option<Loss>,
}

impl Wire {
    /// Whether there may be something that no new edge will tell of.
    pub(super) fn has_more(&self) -> bool {
        self.more || self.unparsed
    }

    /// Whether a thread that comes to write may.
    pub(super) fn may_write(&self) -> bool {
        let held = self.writer_held && !planted(Mistake::WriterNotAlone);
        !held && !self.refused && !self.write_closed && self.failed.is_none()
    }

    /// The stream has room. Says whether anybody waits for that and is to write.
    pub(super) fn on_room(&mut self) -> bool {
        if !self.stream.has_new_room() || (!self.refused && !self.writer_held) {
            return false;
        }
        self.refused = false;
        self.retry_write = self.writer_held && !planted(Mistake::WriterForgetsRetry);
        true
    }

    pub(super) fn new(stream: Arc<Stream>, connection: Connection) -> Self {
        Wire {
            stream,
            connection,
            slab: BytesMut::new(),
            was_established: false,
            reader_held: false,
            read_again: false,
            more: false,
            full_reads: 0,
            unparsed: false,
            remembered: false,
            ending: false,
            writer_held: false,
            refused: false,
            retry_write: false,
            write_closed: false,
            failed: None,
        }
    }
}

/// What went through a link: both rows balance at every quiet moment.
///
/// `sent_accepted = sent_delivered + send_queued + sent drops` and `recv_accepted = recv_taken + recv_queued + recv drops`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Messages the socket gave to this link.
    pub sent_accepted: u64,
    /// Messages whose last byte the kernel took.
    pub sent_delivered: u64,
    /// Messages that wait.
    pub send_queued: u64,
    /// Messages given up, by cause.
    pub sent_dropped: Drops,
    /// Messages parsed.
    pub recv_accepted: u64,
    /// Messages the socket took.
    pub recv_taken: u64,
    /// Messages parsed and not taken.
    pub recv_queued: u64,
    /// Messages parsed and thrown away because the link was closed.
    pub recv_dropped_closed: u64,
    /// Connections that ended because the peer broke the protocol.
    pub protocol_errors: u64,
    /// Connections whose handshake was completed.
    pub established: u64,
    /// Connections lost after that.
    pub lost: u64,
}

/// Why a link gave up messages it had accepted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Drops {
    /// The connection died and the link does not dial again.
    pub disconnected: u64,
    /// The linger time of a closed socket or a disconnected endpoint was over.
    pub lingered: u64,
}
