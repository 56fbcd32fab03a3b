//! The words between a pattern and its engine: pipes, routes, causes, options.

use bytes::Bytes;

use crate::Message;

/// A pipe's number: dense, given by the engine, free to be used again after [`Pattern::detach`](super::Pattern::detach).
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct PipeId(pub u32);

impl PipeId {
    #[inline]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a pattern asks about the engine's outbound queues.
pub trait Pipes {
    /// Whether the pipe would take one more message: it is below its high-water mark.
    fn writable(&self, pipe: PipeId) -> bool;
}

/// How a pattern takes messages out of the engine's inbound queues.
pub trait Inbox {
    /// The next whole received message of that pipe. It is put into `into`, so that it is moved only once on its way to
    /// the user.
    fn pop(&mut self, pipe: PipeId, into: &mut Message) -> Found;
}

/// What a look into an inbox found.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Found {
    /// A message.
    Message,
    /// Nothing now. The engine does not say when there is something: the pattern has to ask again each time it looks for
    /// a message.
    NothingYet,
    /// Nothing. The pattern does not ask again until the engine calls [`Pattern::readable`](super::Pattern::readable).
    Nothing,
}

/// Where a message goes, from [`Pattern::reserve`](super::Pattern::reserve).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Route {
    /// To this pipe.
    One(PipeId),
    /// One copy to each of [`Pattern::targets`](super::Pattern::targets) (valid until the next `reserve`).
    Many {
        /// Number of pipes that get a copy; may be 0 when all that match are full.
        targets: u32,
        /// Number of matching pipes at their high-water mark: each misses this message ([`DropCause::HighWater`]).
        full: u32,
    },
    /// XSUB: not a message but a subscription. After `commit`, when `forward`, tell every connection.
    Subscription {
        /// `true` to subscribe, `false` to cancel.
        subscribe: bool,
        /// The prefix, without the leading 1 or 0.
        topic: Bytes,
        /// Whether the peers must be told. A cancellation that is not of the last reference stays here.
        forward: bool,
    },
    /// To nobody, by the rules of the pattern; the send succeeds.
    Discard(DropCause),
}

impl Route {
    /// How many copies of the message this route accepts, dropped ones included: the outbound accounting unit.
    pub fn copies(&self) -> u64 {
        match self {
            Route::One(_) | Route::Discard(_) => 1,
            Route::Many { targets, full } => u64::from(*targets) + u64::from(*full),
            Route::Subscription { .. } => 0,
        }
    }
}

/// Why a send or receive did not happen. Nothing changed.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, thiserror::Error)]
pub enum RouteError {
    /// No pipe can take the message now (`EAGAIN`): try again after a pipe was attached or became writable.
    #[error("no peer can take the message now")]
    WouldBlock,
    /// Not this operation's turn in the REQ or REP state machine (`EFSM`).
    #[error("the operation is not allowed in the current state")]
    WrongState,
    /// `ROUTER_MANDATORY`: no peer has this routing id (`EHOSTUNREACH`).
    #[error("no peer has this routing id")]
    HostUnreachable,
    /// The socket type does not send, or does not receive (`ENOTSUP`).
    #[error("the socket type does not support this direction")]
    NotSupported,
}

/// Why a message that was accepted for sending reaches nobody.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum DropCause {
    /// XSUB user message with no connection at all.
    NoPeer,
    /// PUB or XPUB: nobody subscribed to a prefix of the first frame.
    NoSubscriber,
    /// The only possible pipe is at its high-water mark: ROUTER without `ROUTER_MANDATORY`, REP's reply.
    HighWater,
    /// ROUTER: no peer has this routing id, or nothing follows the routing id.
    Unroutable,
    /// REP: the peer that asked is gone.
    ReplyGone,
}

/// Answer to [`Pattern::identify`](super::Pattern::identify).
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Identified {
    /// The pipe is known under this id (or under the one it had before), or the type does not care.
    Accepted,
    /// ROUTER: another peer has this id. As in libzmq the newcomer is ignored: keep the connection, do not read it;
    /// nothing is routed to it and its messages are never returned. Closing it instead is allowed.
    Refused,
    /// ROUTER with `ROUTER_HANDOVER`: this older pipe lost its id to the newcomer. Close it, then `detach` it.
    Replaced(PipeId),
}

/// A socket option that changes routing. Options of other socket types are ignored.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum PatternOption {
    /// ROUTER: a send to an unknown id fails, one to a full pipe waits. Default off: both are dropped.
    RouterMandatory(bool),
    /// ROUTER: a newcomer with a known id takes it over. Default off: it is ignored.
    RouterHandover(bool),
    /// REQ: a new request may be sent before the reply came.
    ReqRelaxed(bool),
    /// REQ: requests carry a 4-byte number; replies to other requests are dropped.
    ReqCorrelate(bool),
    /// REQ, DEALER, ROUTER: an empty message is sent on each new connection, see [`Pattern::probe`](super::Pattern::probe).
    ProbeRouter(bool),
    /// XPUB: every subscription is an event, not only the first of a topic. Cancels `XpubVerboser` for cancellations.
    XpubVerbose(bool),
    /// XPUB: every subscription and every cancellation is an event.
    XpubVerboser(bool),
    /// PUB, XPUB: a publication waits until no matching pipe is full. Default off: full pipes miss it.
    XpubNodrop(bool),
}

/// Inbound messages that the pattern took and did not return, by cause. All counters only grow.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub struct InboundDrops {
    /// SUB: no subscription is a prefix of the first frame.
    pub filtered: u64,
    /// REQ: not from the peer that was asked, answering another request, or left over when a new request was sent.
    pub stray: u64,
    /// REQ and REP: no empty delimiter where the envelope must have it, or nothing after it.
    pub malformed: u64,
    /// PUB and PUSH: the type does not receive.
    pub unsupported: u64,
}

impl InboundDrops {
    /// Sum over all causes.
    pub fn total(&self) -> u64 {
        self.filtered + self.stray + self.malformed + self.unsupported
    }
}
