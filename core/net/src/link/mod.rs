//! One peer of one socket: a queue of messages each way, and a stream while it is connected.
//!
//! The state is behind one short lock. Moving bytes is a *role*: whoever holds the writer or reader role took the
//! bytes out of the state, released the lock, made the system call, and puts the outcome back. So at most one thread
//! writes and one reads, frames never interleave, and the lock is never held across a system call.
//!
//! | role | taken by | when it is held already |
//! |---|---|---|
//! | writer | the sender inline; the I/O thread when the kernel has room again | the holder sees the new bytes before it lets go |
//! | reader | the I/O thread; a receiver that found the queue empty and reading paused | the holder parses what it read |

mod close;
mod direct;
mod end;
mod events;
mod inbound;
mod read;
mod state;
mod write;

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use ohmq_proto::FrameFormat;
use ohmq_proto::connection::Connection;
use ohmq_queue::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering};

use crate::config::LinkConfig;
use crate::nest::Nest;
use crate::reactor::{Command, Handle};
use crate::stream::Stream;

pub(crate) use close::After;
pub use close::Loss;
pub use direct::Direct;
pub use end::{LinkEnd, Shared, is_batch};
pub(crate) use events::Progress;
pub use events::{LinkEvent, Owner, Refill};
pub(crate) use read::{ReadTurn, Teller, Whom};
pub use state::{Counters, Drops};
use state::{Phase, State, Wire};

/// Where a link came from; it decides what happens when its connection is lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// `connect`: the link outlives its connections and dials again.
    Dialed,
    /// `bind`: the link ends with its connection.
    Accepted,
}

/// One peer of one socket. See the module's own page.
pub struct Link {
    key: u64,
    origin: Origin,
    owner: Arc<dyn Owner>,
    reactor: Handle,
    nest: Option<Arc<Nest>>,
    config: LinkConfig,
    state: Mutex<State>,
    /// Messages accepted from the socket whose last byte the kernel has not taken; outside the lock so that asking
    /// for room costs one load.
    unsent: AtomicUsize,
    send_hwm: AtomicUsize,
    /// Nothing more is accepted. The socket hears of it soon; until then it must not route into the void.
    closed: AtomicBool,
    /// Whoever leads goes on reading it next time, and has it in its list. Belongs to the leader.
    eager: AtomicBool,
    /// A sender was refused: the next drop below half the mark must ring.
    starved: AtomicBool,
}

impl Link {
    /// A link without a connection. `key` is unique in its reactor ([`Handle::next_key`]).
    pub fn new(origin: Origin, owner: Arc<dyn Owner>, reactor: Handle, config: LinkConfig) -> Arc<Link> {
        Arc::new(Link {
            key: reactor.next_key(),
            origin,
            nest: owner.nest(),
            owner,
            reactor,
            unsent: AtomicUsize::new(0),
            send_hwm: AtomicUsize::new(config.send_hwm),
            closed: AtomicBool::new(false),
            eager: AtomicBool::new(false),
            starved: AtomicBool::new(false),
            state: Mutex::new(State::new(config.recv_hwm)),
            config,
        })
    }

    /// The number that names this link among its owner's links.
    pub fn key(&self) -> u64 {
        self.key
    }

    /// Whether it was dialled or accepted.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The settings it was made with.
    pub fn config(&self) -> &LinkConfig {
        &self.config
    }

    /// Whether one more message may be sent when `gathered` are on their way here. When the answer is no, the owner is
    /// rung (OUT) once there is room again.
    #[inline]
    fn has_room(&self, gathered: usize) -> bool {
        if self.closed.load(Ordering::Relaxed) {
            return false;
        }
        let mark = self.send_hwm.load(Ordering::Relaxed);
        if mark == 0 || self.unsent.load(Ordering::SeqCst) + gathered < mark {
            return true;
        }
        // Announce, then look again: `release` subtracts first and `ring_room` looks at the flag afterwards.
        self.starved.store(true, Ordering::SeqCst);
        self.unsent.load(Ordering::SeqCst) + gathered < mark
    }

    /// How many more messages may be sent at least when `gathered` are on their way here.
    fn room(&self, gathered: usize) -> usize {
        match self.send_hwm.load(Ordering::Relaxed) {
            0 => usize::MAX,
            mark => mark.saturating_sub(self.unsent.load(Ordering::SeqCst) + gathered),
        }
    }

    /// The layout of the peer's frames, while there is a connection.
    fn frame_format(&self) -> Option<FrameFormat> {
        self.lock()
            .wire
            .as_ref()
            .filter(|wire| wire.connection.established())
            .map(|wire| wire.connection.frame_format())
    }

    /// Messages that wait for the kernel.
    pub fn unsent(&self) -> usize {
        self.unsent.load(Ordering::SeqCst)
    }

    /// Changes both high-water marks of a live link; nothing already queued is dropped.
    pub fn set_marks(&self, send: usize, recv: usize) {
        self.send_hwm.store(send, Ordering::SeqCst);
        self.lock().recv_hwm = recv;
        self.ring_room();
    }

    /// What went through this link so far.
    pub fn counters(&self) -> Counters {
        let state = self.lock();
        let mut counters = state.counters;
        counters.send_queued = self.unsent() as u64;
        counters.recv_queued = state.inbound.len() as u64;
        counters
    }

    /// A connected stream is here: start the ZMTP connection on it. Called by the reactor.
    pub(crate) fn open(self: &Arc<Self>, stream: Arc<Stream>, now: Instant) {
        {
            let mut state = self.lock();
            if state.phase == Phase::Closed {
                return;
            }
            let connection = Connection::new(self.config.connection.clone(), now);
            state.wire = Some(Wire::new(stream, connection));
        }
        self.flush();
    }

    /// When this link next needs [`Link::on_deadline`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.lock().wire.as_ref().and_then(|wire| wire.connection.deadline())
    }

    /// A timer of the connection is due: a PING is sent, or the connection has been silent for too long.
    pub(crate) fn on_deadline(self: &Arc<Self>, now: Instant) {
        {
            let mut state = self.lock();
            let paused = state.paused;
            let Some(wire) = state.wire.as_mut() else { return };
            if paused {
                // Unread bytes wait behind a full queue, so silence says nothing about the peer.
                wire.connection.reading_paused();
            }
            if let Err(error) = wire.connection.on_deadline(now) {
                self.fail(&mut state, Loss::Protocol(error));
            }
        }
        self.flush();
    }

    /// Notes whether whoever leads has it in the list of links to go on with; says what was noted before.
    pub(crate) fn set_eager(&self, eager: bool) -> bool {
        self.eager.swap(eager, Ordering::Relaxed)
    }

    /// The poller of its socket, where pollers nest.
    pub(crate) fn nest(&self) -> Option<&Arc<Nest>> {
        self.nest.as_ref()
    }

    pub(crate) fn owner(&self) -> &Arc<dyn Owner> {
        &self.owner
    }

    /// `count` messages wait no longer. Called with the lock held, so that the counters and the queue agree.
    fn release(&self, count: usize) {
        self.unsent.fetch_sub(count, Ordering::SeqCst);
    }

    /// Rings a sender that was refused, once there is room for half the mark. Called without the lock.
    fn ring_room(&self) {
        let mark = self.send_hwm.load(Ordering::Relaxed);
        let room = mark == 0 || self.unsent() <= mark / 2;
        if room && self.starved.load(Ordering::SeqCst) && self.starved.swap(false, Ordering::SeqCst) {
            self.owner.ring(ohmq_queue::doorbell::OUT);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under this lock cannot leave the state half changed in a way that matters more than going on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn command(&self, command: Command) {
        self.reactor.send(command);
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("key", &self.key).field("origin", &self.origin).finish_non_exhaustive()
    }
}
