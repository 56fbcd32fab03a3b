//! What a link tells the socket that owns it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ohmq_proto::Message;
use ohmq_proto::connection::PeerInfo;

use super::{Link, Loss, Phase};
use crate::nest::Nest;

/// A change the socket's pattern must hear of, in the order in which it happened on this link.
#[derive(Debug)]
pub enum LinkEvent {
    /// The handshake is done: subscriptions may be sent, an accepted link may be routed to.
    Established(Box<PeerInfo>),
    /// The peer subscribed to a topic.
    Subscribe(Bytes),
    /// The peer cancelled a subscription.
    Cancel(Bytes),
    /// The peer sent a message and [`LinkConfig::messages_are_events`](crate::LinkConfig::messages_are_events).
    Message(Message),
    /// The connection is gone; the link keeps its queue and dials again.
    Lost(Loss),
    /// The link is finished; nothing more will come and nothing can be sent.
    Closed(Loss),
}

/// The socket behind a link. Called without any of the link's locks held.
pub trait Owner: Send + Sync + 'static {
    /// A listener accepted a connection; its handshake has only begun.
    fn adopt(&self, listener: u64, link: Arc<Link>);
    /// `link` has events, or messages the socket does not know of: take them with [`Link::take_news`] and
    /// [`Link::refill`].
    fn attend(&self, link: &Arc<Link>);
    /// The same for a link without events: it has messages the socket does not know of. Events that came before them were
    /// taken already.
    fn readable(&self, link: &Arc<Link>);
    /// Something a waiter may wait for has changed (bits of [`ohmq_queue::doorbell`]).
    fn ring(&self, bits: u8);
    /// The poller its links are watched by; `None` where pollers do not nest: then the I/O thread watches them.
    fn nest(&self) -> Option<Arc<Nest>>;
    /// Looks after a stream of messages that [`LinkEnd::begin_stream`](super::LinkEnd::begin_stream) announced; says when
    /// to look again, if it goes on.
    fn tick(&self) -> Option<Duration>;
    /// A lingering link of a closed socket has ended.
    fn finished(&self, link: &Arc<Link>);
}

/// What a look for more messages of a link found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Refill {
    /// Events happened meanwhile that nobody else will tell the owner of.
    pub events: bool,
    /// This thread has parsed or read on, and asked nobody who else has something.
    pub read: bool,
    /// What was found is all there is: the owner is told when there is more.
    pub(crate) last: bool,
}

/// How far the handshake of a connection has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Progress {
    /// The peer has said nothing, or too little to tell that it speaks ZMTP.
    Silent,
    /// It has begun.
    Speaking,
    /// It is done, or the connection is.
    Over,
}

impl Link {
    /// Takes the events that happened since the last call, oldest first, and says whether messages wait to be received.
    pub fn take_news(&self) -> (Vec<LinkEvent>, bool) {
        let mut state = self.lock();
        (std::mem::take(&mut state.events), !state.inbound.is_empty())
    }

    /// True when messages wait to be received.
    pub fn has_inbound(&self) -> bool {
        !self.lock().inbound.is_empty()
    }

    /// How far the handshake has come.
    pub(crate) fn progress(&self) -> Progress {
        match self.lock().wire.as_ref().map(|wire| &wire.connection) {
            Some(connection) if connection.established() => Progress::Over,
            Some(connection) if connection.has_heard() => Progress::Speaking,
            Some(_) => Progress::Silent,
            None => Progress::Over,
        }
    }

    /// True when this link will never carry anything again.
    pub fn is_closed(&self) -> bool {
        self.lock().phase == Phase::Closed
    }

    /// True while a handshaken connection exists.
    pub fn is_established(&self) -> bool {
        self.lock().wire.as_ref().is_some_and(|wire| wire.connection.established())
    }
}
