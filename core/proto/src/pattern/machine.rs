//! One socket's pattern: the calls of the engine, dealt out to the family of the socket type.

use bytes::Bytes;
use ohmq_spec::SocketType;

use super::publisher::Publisher;
use super::rep::Rep;
use super::req::Req;
use super::router::Router;
use super::rules::Rules;
use super::straight::Straight;
use super::subscriber::Subscriber;
use super::{Identified, InboundDrops, Inbox, PatternOption, PipeId, Pipes, Route, RouteError};
use crate::Message;

/// The routing rules and state of one socket. See the [module documentation](super) for the order of calls.
#[derive(Debug)]
pub struct Pattern {
    socket_type: SocketType,
    sends: bool,
    receives: bool,
    probe: bool,
    family: Family,
}

#[derive(Debug)]
enum Family {
    Straight(Straight),
    Req(Req),
    Rep(Rep),
    Router(Router),
    Publisher(Publisher),
    Subscriber(Subscriber),
}

/// The same call on whichever family it is.
macro_rules! family {
    ($self:ident, $rules:ident => $call:expr) => {
        match &$self.family {
            Family::Straight($rules) => $call,
            Family::Req($rules) => $call,
            Family::Rep($rules) => $call,
            Family::Router($rules) => $call,
            Family::Publisher($rules) => $call,
            Family::Subscriber($rules) => $call,
        }
    };
    (mut $self:ident, $rules:ident => $call:expr) => {
        match &mut $self.family {
            Family::Straight($rules) => $call,
            Family::Req($rules) => $call,
            Family::Rep($rules) => $call,
            Family::Router($rules) => $call,
            Family::Publisher($rules) => $call,
            Family::Subscriber($rules) => $call,
        }
    };
}

impl Pattern {
    /// The pattern of a new socket. `entropy` seeds ROUTER's generated ids and REQ's correlation numbers, and keeps peers
    /// from guessing hash collisions: give each socket its own random value.
    ///
    /// A type that is not [`implemented`](SocketType::implemented) supports neither direction.
    pub fn new(socket_type: SocketType, entropy: u64) -> Self {
        let family = match socket_type {
            SocketType::Req => Family::Req(Req::new(entropy)),
            SocketType::Rep => Family::Rep(Rep::default()),
            SocketType::Router => Family::Router(Router::new(entropy)),
            SocketType::Pub => Family::Publisher(Publisher::new(false)),
            SocketType::XPub => Family::Publisher(Publisher::new(true)),
            SocketType::Sub => Family::Subscriber(Subscriber::new(true)),
            SocketType::XSub => Family::Subscriber(Subscriber::new(false)),
            other => Family::Straight(Straight::new(other)),
        };
        Self {
            socket_type,
            sends: socket_type.implemented() && socket_type.sends(),
            receives: socket_type.implemented() && socket_type.receives(),
            probe: false,
            family,
        }
    }

    /// The type given to [`new`](Self::new).
    pub fn socket_type(&self) -> SocketType {
        self.socket_type
    }

    /// Changes an option. Takes effect at the next call; an option of another socket type is ignored.
    pub fn set(&mut self, option: PatternOption) {
        if let PatternOption::ProbeRouter(on) = option {
            self.probe =
                on && matches!(self.socket_type, SocketType::Req | SocketType::Dealer | SocketType::Router);
        }
        family!(mut self, rules => rules.set(option));
    }

    /// Whether its messages are [folded](crate::message::folded) in the pipes: REQ and REP. Never changes.
    pub fn delimits(&self) -> bool {
        matches!(self.socket_type, SocketType::Req | SocketType::Rep)
    }

    /// `PROBE_ROUTER`: whether the engine must send one empty message on each newly attached pipe, past the pattern.
    pub fn probe(&self) -> bool {
        self.probe
    }

    /// Whether this type cares for [`identify`](Self::identify): ROUTER only.
    pub fn wants_routing_id(&self) -> bool {
        self.socket_type == SocketType::Router
    }

    // ---- a pipe's life ------------------------------------------------------------------------------------------

    /// The pipe exists and may be routed to. `false` = refused, close it: PAIR has a peer already.
    pub fn attach(&mut self, pipe: PipeId) -> bool {
        family!(mut self, rules => rules.attach(pipe))
    }

    /// The pipe's peer calls itself `routing_id` (empty = it has no name and ROUTER generates one: 00 and a 32-bit
    /// counter). Must follow `attach`. A pipe that has an id keeps it: after a reconnect, and when
    /// `CONNECT_ROUTING_ID` gave it one before.
    pub fn identify(&mut self, pipe: PipeId, routing_id: Bytes) -> Identified {
        family!(mut self, rules => rules.identify(pipe, routing_id))
    }

    /// The id under which messages can be sent to this pipe now (ROUTER).
    pub fn routing_id(&self, pipe: PipeId) -> Option<&[u8]> {
        match &self.family {
            Family::Router(router) => router.routing_id(pipe),
            _ => None,
        }
    }

    /// The connection was lost, the pipe will reconnect: the peer's subscriptions are forgotten, all else stays.
    ///
    /// REQ goes on waiting for its reply on this pipe, as libzmq does; only `retire` and `detach` open it to any peer.
    /// `true` = there is more to receive than before (XPUB's cancellation events): wake receivers.
    pub fn lost(&mut self, pipe: PipeId) -> bool {
        family!(mut self, rules => rules.lost(pipe))
    }

    /// The peer is gone for good, its unread messages remain to be received: nothing is routed to the pipe any more, its
    /// subscriptions and its claim to a routing id end, PAIR's place is free. `detach` it when its inbox is empty.
    /// `true` = wake receivers.
    pub fn retire(&mut self, pipe: PipeId) -> bool {
        family!(mut self, rules => rules.retire(pipe))
    }

    /// Forgets the pipe and everything about it; what is left in its inbox is the engine's to count as dropped. A message
    /// already taken out by `can_recv` stays and will be delivered. `true` = wake receivers.
    pub fn detach(&mut self, pipe: PipeId) -> bool {
        family!(mut self, rules => rules.detach(pipe))
    }

    // ---- subscriptions ------------------------------------------------------------------------------------------

    /// PUB, XPUB: the peer subscribed. `true` = an event was queued: wake receivers.
    pub fn subscribed(&mut self, pipe: PipeId, topic: Bytes) -> bool {
        family!(mut self, rules => rules.subscribed(pipe, topic))
    }

    /// PUB, XPUB: the peer cancelled a subscription. One it never made is ignored, so that it cannot cancel for others
    /// behind a proxy. `true` = an event was queued: wake receivers.
    pub fn cancelled(&mut self, pipe: PipeId, topic: Bytes) -> bool {
        family!(mut self, rules => rules.cancelled(pipe, topic))
    }

    /// SUB: adds a reference to a subscription. `true` = tell every peer: always, since XPUB in verbose mode shows
    /// repeated subscriptions too.
    pub fn subscribe(&mut self, topic: &[u8]) -> bool {
        family!(mut self, rules => rules.subscribe(topic))
    }

    /// SUB: removes a reference. `true` = it was the last one: tell every peer. Unknown topics are ignored.
    pub fn unsubscribe(&mut self, topic: &[u8]) -> bool {
        family!(mut self, rules => rules.unsubscribe(topic))
    }

    /// SUB, XSUB: each distinct topic once, to be sent on each new connection.
    pub fn subscriptions(&self) -> Vec<Bytes> {
        family!(self, rules => rules.subscriptions())
    }

    /// Number of distinct topics: own ones (SUB, XSUB) or all peers' (PUB, XPUB).
    pub fn topics_count(&self) -> usize {
        family!(self, rules => rules.topics_count())
    }

    // ---- receiving ----------------------------------------------------------------------------------------------

    /// Whether every received message must be handed to [`received`](Self::received) first. Never changes.
    pub fn intercepts(&self) -> bool {
        matches!(self.socket_type, SocketType::Pub | SocketType::XPub | SocketType::Push)
    }

    /// A message came in. `Some` = put it into the pipe's inbox and call [`readable`](Self::readable); `None` = the
    /// pattern has it: XPUB keeps it in order with its events (wake receivers), PUB and PUSH drop and count it.
    pub fn received(&mut self, pipe: PipeId, message: Message) -> Option<Message> {
        family!(mut self, rules => rules.received(pipe, message))
    }

    /// The pipe's inbox has messages. Idempotent; call it after they can be popped. Without it they are not looked for.
    #[inline]
    pub fn readable(&mut self, pipe: PipeId) {
        family!(mut self, rules => rules.readable(pipe));
    }

    /// Takes the next message, fairly over all pipes, into `into`. `Ok(false)` = nothing to receive now.
    ///
    /// # Errors
    ///
    /// [`NotSupported`](RouteError::NotSupported), or [`WrongState`](RouteError::WrongState) for REQ before a request
    /// and for REP while a reply is due.
    #[inline]
    pub fn recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I, into: &mut Message) -> Result<bool, RouteError> {
        if !self.receives {
            return Err(RouteError::NotSupported);
        }
        family!(mut self, rules => rules.recv(inbox, into))
    }

    /// Whether `recv` would return a message now. Exact; may take one message out of the inbox and keep it.
    #[inline]
    pub fn can_recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> bool {
        self.receives && family!(mut self, rules => rules.can_recv(inbox))
    }

    // ---- sending ------------------------------------------------------------------------------------------------

    /// PUB, XPUB: whether nobody is subscribed to a prefix of `topic`. What begins with it is dropped
    /// ([`NoSubscriber`](super::DropCause::NoSubscriber)) as [`reserve`](Self::reserve) would say, which takes a message.
    #[inline]
    pub fn is_unwanted(&self, topic: &[u8]) -> bool {
        matches!(&self.family, Family::Publisher(publisher) if publisher.is_unwanted(topic))
    }

    /// Decides where `message` goes. Nothing changes that another call could show, except [`targets`](Self::targets).
    ///
    /// # Errors
    ///
    /// See [`RouteError`]. After [`WouldBlock`](RouteError::WouldBlock) try again when a pipe was attached, identified
    /// or became writable.
    #[inline]
    pub fn reserve<P: Pipes + ?Sized>(&mut self, message: &Message, pipes: &P) -> Result<Route, RouteError> {
        if !self.sends {
            return Err(RouteError::NotSupported);
        }
        family!(mut self, rules => rules.reserve(message, pipes))
    }

    /// Carries out a route that `reserve` has just given for this message, and makes the message what goes on the wire
    /// (REQ's envelope added, ROUTER's id frame removed, REP's envelope restored). For [`Route::Discard`] and
    /// [`Route::Subscription`] the result is not sent.
    ///
    /// `inbox` is for REQ: everything received before a request is thrown away with it, since it cannot be its reply.
    #[inline]
    pub fn commit<I: Inbox + ?Sized>(&mut self, route: &Route, message: &mut Message, inbox: &mut I) {
        family!(mut self, rules => rules.commit(route, message, inbox))
    }

    /// Where the next message goes if it goes there as it is, whatever it says: PUSH, DEALER and PAIR with room somewhere.
    /// The short way of [`reserve`](Self::reserve) for a message that does not exist as one yet; nothing changes until
    /// [`passed`](Self::passed).
    #[inline]
    pub fn straight<P: Pipes + ?Sized>(&self, pipes: &P) -> Option<PipeId> {
        match &self.family {
            Family::Straight(straight) if self.sends => straight.choose(pipes),
            _ => None,
        }
    }

    /// A message went to the pipe that [`straight`](Self::straight) has just named.
    #[inline]
    pub fn passed(&mut self, pipe: PipeId) {
        if let Family::Straight(straight) = &mut self.family {
            straight.sent(pipe);
        }
    }

    /// The pipe that every message goes to as it is while no pipe comes or goes.
    #[inline]
    pub fn only_target(&self) -> Option<PipeId> {
        match &self.family {
            Family::Straight(straight) if self.sends => straight.only_target(),
            _ => None,
        }
    }

    /// The pipe that every message is received from as it is until another is readable, one comes or goes, or the user
    /// does anything but receive.
    #[inline]
    pub fn only_source(&self) -> Option<PipeId> {
        match &self.family {
            Family::Straight(straight) => straight.only_source(),
            Family::Subscriber(subscriber) => subscriber.only_source(),
            _ => None,
        }
    }

    /// The pipes of the last [`Route::Many`]. Each is writable and appears once.
    pub fn targets(&self) -> &[PipeId] {
        family!(self, rules => rules.targets())
    }

    /// Whether a send makes sense now (`POLLOUT`): always for PUB, XPUB, XSUB and ROUTER without `ROUTER_MANDATORY`;
    /// with it when any peer has room; for REP exactly while a reply is due; else when some pipe has room.
    #[inline]
    pub fn can_send<P: Pipes + ?Sized>(&self, pipes: &P) -> bool {
        self.sends && family!(self, rules => rules.can_send(pipes))
    }

    // ---- accounting ---------------------------------------------------------------------------------------------

    /// Inbound messages popped or handed over and thrown away, by cause, since the socket began.
    pub fn dropped(&self) -> InboundDrops {
        family!(self, rules => rules.dropped())
    }

    /// Messages held inside the pattern: popped ahead by `can_recv`, and XPUB's waiting events and user messages.
    pub fn queued(&self) -> usize {
        family!(self, rules => rules.queued())
    }

    /// Messages the pattern made itself since the socket began (XPUB's subscription events).
    pub fn made(&self) -> u64 {
        family!(self, rules => rules.made())
    }
}
