//! What a socket's lock guards, and the steps of sending and receiving under it.

use std::sync::Arc;

use ohmq_net::{BoundFile, Direct, Link, ListenerId};
use ohmq_proto::{DropCause, Message, Pattern, Pipes, Route, RouteError};

use super::effects::Effect;
use super::pipes::{Channel, PipeTable};
use super::run::Run;
use crate::context::Live;
use crate::inproc::Expectation;
use crate::options::Options;
use crate::{Events, Stats};

/// What a socket is bound or connected to.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) id: u64,
    /// As `unbind` and `disconnect` name it.
    pub(super) name: String,
    /// As it was given to `bind` or `connect`.
    pub(super) given: String,
    pub(super) kind: EndpointKind,
}

#[derive(Debug)]
pub(super) enum EndpointKind {
    Listener { handle: ohmq_net::Handle, id: ListenerId, file: Option<Arc<BoundFile>> },
    Dialed,
    InprocBound,
    InprocDialed,
}

impl EndpointKind {
    /// Whether `bind` made it, and not `connect`.
    pub(super) fn is_bound(&self) -> bool {
        matches!(self, EndpointKind::Listener { .. } | EndpointKind::InprocBound)
    }
}

/// Whether a send was tried before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Attempt {
    First,
    Last,
}

/// Why a send did not happen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    /// Carry out the effects and try once more.
    Again,
    Final(RouteError),
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) pattern: Pattern,
    pub(super) table: PipeTable,
    pub(super) options: Options,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) last_endpoint: String,
    /// Links the socket has let go of that still send.
    pub(super) lingering: Vec<Arc<Link>>,
    pub(super) closed: bool,
    pub(super) live: Arc<Live>,
    /// What goes on.
    pub(super) run: Run,
    pub(super) delivered: u64,
    discards: Stats,
    /// Nobody wanted the last publication.
    unwanted: bool,
}

/// Messages taken from pipes in one turn under the lock, wanted or not: a flood of those that nobody wants must not keep others
/// from the socket, nor its caller from looking at the clock.
const LOOKS: u32 = if cfg!(shuttle) { 4 } else { 1024 };

/// The same for what is thrown away on purpose.
const MANY_LOOKS: u32 = 1_000_000;

impl Inner {
    pub(super) fn new(pattern: Pattern, options: Options, live: Arc<Live>) -> Self {
        Inner {
            table: PipeTable::new(pattern.delimits()),
            pattern,
            options,
            endpoints: Vec::new(),
            last_endpoint: String::new(),
            lingering: Vec::new(),
            closed: false,
            live,
            run: Run::Nothing,
            delivered: 0,
            discards: Stats::default(),
            unwanted: false,
        }
    }

    /// Routes and queues a message, or gives it back. Reserve decides and changes nothing; commit carries it out.
    /// A message that was sent may be left in its place, for the caller to drop.
    #[inline(never)]
    pub(super) fn send(&mut self, message: &mut Message, attempt: Attempt) -> Result<(), Refusal> {
        if message.frames().is_empty() {
            // It goes out as one empty frame, whatever a pattern puts before it.
            *message = Message::new();
        }
        // A request drops what is left of older ones: all of it, as far as anybody has sent that much in earnest.
        self.table.looks = MANY_LOOKS;
        let route = match self.pattern.reserve(message, &self.table) {
            Ok(Route::Many { full: 1.., .. } | Route::Discard(DropCause::HighWater))
            | Err(RouteError::WouldBlock)
                if attempt == Attempt::First && self.table.turn() =>
            {
                // What fills the queues may only be waiting for its batch: write it, then look again.
                return Err(Refusal::Again);
            }
            Ok(route) => route,
            Err(error) => return Err(Refusal::Final(error)),
        };
        self.pattern.commit(&route, message, &mut self.table);
        match route {
            Route::One(pipe) => {
                let step = self.table.pace_to(pipe);
                self.table.enqueue(pipe, message, step);
                self.table.sent();
            }
            Route::Many { full, .. } => self.fan_out(message, full),
            Route::Subscription { subscribe, topic, forward } => {
                if forward {
                    self.tell_all(subscribe, &topic);
                }
            }
            Route::Discard(cause) => self.discard(cause),
        }
        Ok(())
    }

    /// The short way of a stream: sends bytes that nobody has made a message of, if nothing has to be done to it. Says
    /// whether it did.
    #[inline]
    pub(super) fn send_body(&mut self, body: &[u8]) -> bool {
        let Some(pipe) = self.pattern.straight(&self.table) else { return false };
        let sent = self.table.gather(pipe, body);
        if sent {
            self.pattern.passed(pipe);
            self.begin_run_of_sends(pipe);
        }
        sent
    }

    /// Drops a publication that begins with `topic` if nobody wants it, before there is a message; says whether it did. It looks
    /// only where nobody wanted the one before either: the subscriptions are looked through again for a message.
    #[inline]
    pub(super) fn drop_unwanted(&mut self, topic: &[u8]) -> bool {
        let unwanted = self.unwanted && self.pattern.is_unwanted(topic);
        if unwanted {
            self.discard(DropCause::NoSubscriber);
        }
        unwanted
    }

    /// Begins to write a large body from where it lies, if nothing has to be done to it and nobody writes to its peer.
    pub(super) fn begin_direct(&mut self, body: &[u8]) -> Option<Direct> {
        let pipe = self.pattern.straight(&self.table)?;
        let direct = self.table.begin_direct(pipe, body.len())?;
        self.pattern.passed(pipe);
        Some(direct)
    }

    /// Takes the next message into `into`; says whether there was one. Who receives and answers in quick succession goes on with
    /// the batch; it is written when there is nothing more to be received.
    #[inline]
    pub(super) fn recv(&mut self, into: &mut Message) -> Result<bool, RouteError> {
        self.table.looks = LOOKS;
        let found = self.pattern.recv(&mut self.table, into);
        if found != Ok(true) || !self.table.pace.on_received() {
            self.table.turn();
        }
        if found == Ok(true) {
            self.delivered += 1;
            self.begin_run_of_receives();
        }
        found
    }

    /// What a thread can watch that waits for a message of the only peer, in this process. The caller looks for the
    /// message itself, with [`Inner::recv`], when its watch is over.
    pub(super) fn expect_message(&mut self) -> Option<Expectation> {
        let (pipe, end) = self.table.only_inproc()?;
        let expectation = end.expect_message();
        self.pattern.readable(pipe);
        Some(expectation)
    }

    /// The same for room.
    pub(super) fn expect_room(&mut self) -> Option<Expectation> {
        self.table.only_inproc()?.1.expect_room()
    }

    /// What of `wanted` is possible now.
    pub(super) fn ready(&mut self, wanted: Events) -> Events {
        self.table.turn();
        self.table.looks = LOOKS;
        let mut ready = Events::NONE;
        if wanted.readable() && self.pattern.can_recv(&mut self.table) {
            ready = ready | Events::IN;
        }
        if wanted.writable() && self.pattern.can_send(&self.table) {
            ready = ready | Events::OUT;
        }
        ready
    }

    /// Sends a subscription, or its end, to every peer.
    pub(super) fn tell_all(&mut self, subscribe: bool, topic: &[u8]) {
        self.table.stop_press();
        for pipe in self.table.ids() {
            let Some(slot) = self.table.get_mut(pipe) else { continue };
            let effect = match &mut slot.channel {
                Channel::Link(end) => {
                    end.tell(subscribe, topic);
                    Effect::Flush(Arc::clone(end.link()))
                }
                Channel::Inproc(end) => {
                    Effect::Nudge(end.tell(super::attend::subscription(subscribe, topic)))
                }
            };
            self.table.effects.push(effect);
        }
    }

    /// New high-water marks for the pipes that exist.
    pub(super) fn apply_marks(&mut self) {
        let config = self.options.link_config();
        for pipe in self.table.ids() {
            match self.table.get(pipe).map(|slot| &slot.channel) {
                Some(Channel::Link(end)) => end.link().set_marks(config.send_hwm, config.recv_hwm),
                Some(Channel::Inproc(end)) => end.set_marks(config.send_hwm, config.recv_hwm),
                None => {}
            }
        }
        self.table.effects.ring |= Events::OUT.interest();
    }

    pub(super) fn stats(&self) -> Stats {
        let mut stats = self.table.stats(&self.lingering);
        let ours = &self.discards;
        stats.sent_accepted += ours.sent_accepted;
        stats.sent_dropped_no_peer += ours.sent_dropped_no_peer;
        stats.sent_dropped_no_subscriber += ours.sent_dropped_no_subscriber;
        stats.sent_dropped_high_water += ours.sent_dropped_high_water;
        stats.sent_dropped_unroutable += ours.sent_dropped_unroutable;
        stats.sent_dropped_reply_gone += ours.sent_dropped_reply_gone;
        let dropped = self.pattern.dropped();
        stats.recv_accepted += self.pattern.made();
        stats.recv_delivered = self.delivered;
        stats.recv_queued += self.pattern.queued() as u64;
        stats.recv_dropped_filtered = dropped.filtered;
        stats.recv_dropped_stray = dropped.stray;
        stats.recv_dropped_malformed = dropped.malformed;
        stats.recv_dropped_unsupported = dropped.unsupported;
        stats
    }

    fn fan_out(&mut self, message: &Message, full: u32) {
        self.unwanted = false;
        let step = self.table.pace();
        let targets = self.pattern.targets();
        self.table.enqueue_many(targets, message, step);
        self.table.pace.on_fan_out(targets.len());
        self.table.sent();
        self.discards.sent_accepted += u64::from(full);
        self.discards.sent_dropped_high_water += u64::from(full);
    }

    fn discard(&mut self, cause: DropCause) {
        let ours = &mut self.discards;
        ours.sent_accepted += 1;
        match cause {
            DropCause::NoPeer => ours.sent_dropped_no_peer += 1,
            DropCause::NoSubscriber => {
                ours.sent_dropped_no_subscriber += 1;
                self.unwanted = true;
                self.table.pace.on_passed();
            }
            DropCause::HighWater => ours.sent_dropped_high_water += 1,
            DropCause::Unroutable => ours.sent_dropped_unroutable += 1,
            DropCause::ReplyGone => ours.sent_dropped_reply_gone += 1,
        }
    }

    /// Whether a pipe has room, for the probe of `PROBE_ROUTER`.
    pub(super) fn has_room(&self, pipe: ohmq_proto::PipeId) -> bool {
        self.table.writable(pipe)
    }
}
