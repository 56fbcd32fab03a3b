//! inproc: two sockets of one context joined by a pair of queues, with no codec and no I/O thread between them.
//!
//! Both ends are made by `connect`. When nobody has bound the name yet, the far end waits in the registry with
//! whatever is sent into it, and the `bind` finds it there.

use std::collections::HashMap;
use std::hint;
use std::sync::{Arc, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use ohmq_proto::Message;
use ohmq_queue::mistake::{Mistake, planted};
use ohmq_queue::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering, fence};
use ohmq_queue::{Consumer, Producer, Watch, channel};

use crate::core::SocketCore;

/// Pauses of the processor, some 20 ns each, that a streaming peer is ahead.
const HEAD_START: u32 = 16;

/// Messages between two looks for a sender that waits for room.
const LOOKS: u64 = 16;

/// What one end tells the other besides messages.
#[derive(Debug)]
pub(crate) enum InprocEvent {
    /// A socket with this routing id is at the other end.
    Joined(Bytes),
    Subscribe(Bytes),
    Cancel(Bytes),
    /// The other socket closed or disconnected; what it sent before can still be received.
    Closed,
}

/// One end of a joined pair.
#[derive(Debug)]
pub(crate) struct InprocEnd {
    producer: Producer<Message>,
    consumer: Consumer<Message>,
    shared: Arc<Shared>,
    side: usize,
    /// Messages taken out so far.
    pub(crate) taken: u64,
    /// Messages put in so far.
    pub(crate) given: u64,
    /// Messages put in when this end was last looked at in vain.
    answered: u64,
}

#[derive(Debug)]
struct Shared {
    sides: [Side; 2],
}

#[derive(Debug, Default)]
struct Side {
    /// The socket at this end, once there is one.
    core: OnceLock<Weak<SocketCore>>,
    /// The name of this end among its socket's pipes.
    key: OnceLock<u64>,
    send_mark: AtomicUsize,
    recv_mark: AtomicUsize,
    /// The socket at this end knows that messages wait for it.
    announced: AtomicBool,
    /// The socket at the other end was refused room.
    starved: AtomicBool,
    events: Mutex<Vec<InprocEvent>>,
}

/// What a thread watches that expects a message.
#[derive(Debug)]
pub(crate) struct Expectation {
    watch: Watch<Message>,
    /// Nothing was sent the other way since the last time: the peer sends without waiting for answers.
    streams: bool,
}

impl Expectation {
    /// Whether a message has come.
    pub(crate) fn is_met(&self) -> bool {
        self.watch.has_news()
    }

    /// Gives a peer that streams the time for a few messages more. Following at its heels would have the two threads
    /// exchange cache lines for every single one.
    pub(crate) fn let_it_run(&self) {
        if self.streams {
            (0..HEAD_START).for_each(|_| hint::spin_loop());
        }
    }
}

/// A wake-up that must wait until the caller's own socket is unlocked.
#[derive(Debug)]
pub(crate) struct Nudge {
    shared: Arc<Shared>,
    side: usize,
}

impl Nudge {
    /// Has the socket at that end look at its pipe.
    pub(crate) fn deliver(self) {
        let side = &self.shared.sides[self.side];
        if let (Some(core), Some(key)) = (side.core.get().and_then(Weak::upgrade), side.key.get()) {
            core.attend_inproc(*key);
        }
    }
}

impl InprocEnd {
    /// Makes both ends; the first is the connector's.
    pub(crate) fn pair(send_mark: usize, recv_mark: usize) -> (InprocEnd, InprocEnd) {
        let (first_out, second_in) = channel();
        let (second_out, first_in) = channel();
        let shared = Arc::new(Shared { sides: [Side::default(), Side::default()] });
        let end = |producer, consumer, side| {
            let shared = Arc::clone(&shared);
            InprocEnd { producer, consumer, shared, side, taken: 0, given: 0, answered: 0 }
        };
        let near = end(first_out, first_in, 0);
        near.set_marks(send_mark, recv_mark);
        (near, end(second_out, second_in, 1))
    }

    /// A socket takes its place at this end and tells the other its routing id.
    pub(crate) fn join(&self, core: Weak<SocketCore>, key: u64, send_mark: usize, recv_mark: usize) {
        self.set_marks(send_mark, recv_mark);
        let _ = self.own().key.set(key);
        let _ = self.own().core.set(core);
    }

    pub(crate) fn set_marks(&self, send: usize, recv: usize) {
        self.own().send_mark.store(send, Ordering::SeqCst);
        self.own().recv_mark.store(recv, Ordering::SeqCst);
    }

    /// Whether one more message may be sent: the limit is our send mark plus the other's receive mark, and none if
    /// either is 0. Before the bind only our own counts.
    pub(crate) fn writable(&self) -> bool {
        let send = self.own().send_mark.load(Ordering::Relaxed);
        let recv = self.far().recv_mark.load(Ordering::Relaxed);
        let joined = self.far().key.get().is_some();
        let limit = if send == 0 || (joined && recv == 0) { return true } else { send + recv };
        if self.producer.has_room(limit) {
            return true;
        }
        // Announce, then look again: the receiver takes first and looks at the flag afterwards.
        self.far().starved.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        !planted(Mistake::InprocRoomLooksOnce) && self.producer.has_room(limit)
    }

    /// Sends a message. The nudge, if any, is to be delivered once no socket is locked.
    pub(crate) fn push(&mut self, message: Message) -> Option<Nudge> {
        self.producer.push(message);
        self.given += 1;
        // The receiver takes the announcement back first and looks at the queue afterwards.
        fence(Ordering::SeqCst);
        let announced = &self.far().announced;
        let known = announced.load(Ordering::Relaxed) || announced.swap(true, Ordering::SeqCst);
        (!known).then(|| self.nudge())
    }

    /// Puts the next message into `into`; says whether there was one. The nudge tells a sender that it has room again.
    #[inline]
    pub(crate) fn pop(&mut self, into: &mut Message) -> (bool, Option<Nudge>) {
        let message = self.consumer.pop().or_else(|| {
            self.own().announced.store(false, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            if planted(Mistake::InprocLooksOnce) {
                return None;
            }
            let message = self.consumer.pop();
            if message.is_some() {
                self.own().announced.store(true, Ordering::SeqCst);
            }
            message
        });
        let Some(message) = message else { return (false, None) };
        *into = message;
        self.taken += 1;
        // A sender without room waits for half of it. Looking at every message would cost more than taking it.
        let looks = self.consumer.is_caught_up() || self.taken.is_multiple_of(LOOKS);
        (true, if looks { self.room() } else { None })
    }

    /// Tells a sender that waits for room, once there is enough.
    fn room(&self) -> Option<Nudge> {
        fence(Ordering::SeqCst);
        let own = self.own();
        let room = self.consumer.len() <= own.recv_mark.load(Ordering::Relaxed) / 2;
        let starved = room && own.starved.load(Ordering::SeqCst) && own.starved.swap(false, Ordering::SeqCst);
        starved.then(|| self.nudge())
    }

    /// The socket at this end is going to look for a message by itself, so that the other need not nudge it. It ends
    /// with the next [`InprocEnd::pop`] that finds nothing.
    pub(crate) fn expect(&mut self) -> Expectation {
        self.own().announced.store(true, Ordering::SeqCst);
        let streams = std::mem::replace(&mut self.answered, self.given) == self.given;
        Expectation { watch: self.consumer.watch(), streams }
    }

    /// Messages that wait at this end.
    pub(crate) fn waiting(&self) -> usize {
        self.consumer.len()
    }

    /// Tells the other end something.
    pub(crate) fn tell(&self, event: InprocEvent) -> Nudge {
        lock(&self.far().events).push(event);
        self.nudge()
    }

    /// What the other end told this one, oldest first.
    pub(crate) fn take_events(&self) -> Vec<InprocEvent> {
        std::mem::take(&mut *lock(&self.own().events))
    }

    /// The routing id the other end announced, without taking any event away.
    fn nudge(&self) -> Nudge {
        Nudge { shared: Arc::clone(&self.shared), side: 1 - self.side }
    }

    fn own(&self) -> &Side {
        &self.shared.sides[self.side]
    }

    fn far(&self) -> &Side {
        &self.shared.sides[1 - self.side]
    }
}

/// The names bound in one context, and the connectors that came too early.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    bound: HashMap<String, Weak<SocketCore>>,
    waiting: HashMap<String, Vec<InprocEnd>>,
}

impl Registry {
    /// Binds a name; the ends that waited for it, or `None` when somebody has it.
    pub(crate) fn bind(&mut self, name: &str, core: &Arc<SocketCore>) -> Option<Vec<InprocEnd>> {
        if self.bound.get(name).is_some_and(|owner| owner.strong_count() > 0) {
            return None;
        }
        self.bound.insert(name.to_owned(), Arc::downgrade(core));
        Some(self.waiting.remove(name).unwrap_or_default())
    }

    /// Frees a name.
    pub(crate) fn unbind(&mut self, name: &str) {
        self.bound.remove(name);
    }

    /// The socket that has the name, or the end is kept until one has.
    pub(crate) fn connect(&mut self, name: &str, end: InprocEnd) -> Option<(Arc<SocketCore>, InprocEnd)> {
        match self.bound.get(name).and_then(Weak::upgrade) {
            Some(core) => Some((core, end)),
            None => {
                self.waiting.entry(name.to_owned()).or_default().push(end);
                None
            }
        }
    }

    /// Forgets everything, at the end of the context.
    pub(crate) fn clear(&mut self) {
        self.bound.clear();
        self.waiting.clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
