//! inproc: two sockets of one context joined by a pair of queues, with no codec and no I/O thread between them.
//!
//! Both ends are made by `connect`. When nobody has bound the name yet, the far end waits in the registry with
//! whatever is sent into it, and the `bind` finds it there.

use std::collections::HashMap;
use std::hint;
use std::mem::MaybeUninit;
use std::sync::{Arc, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use ohmq_proto::message::INLINE;
use ohmq_proto::message::folded::{fold, unfold};
use ohmq_proto::{Found, Message};
use ohmq_queue::mistake::{Mistake, planted};
use ohmq_queue::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering};
use ohmq_queue::{Consumer, Producer, RoomWatch, Watch, Wish, channel};

use crate::Events;
use crate::core::{Look, SocketCore};

/// Pauses of the processor, some 20 ns each, that a streaming peer is ahead.
const HEAD_START: u32 = 16;

/// The same where few messages come in that time.
const LONG_HEAD_START: u32 = 128;

/// Messages between two looks at what a streaming peer has sent that are few.
const FEW: u64 = 32;

/// And so many that it could be ahead by less.
const MANY: u64 = 4 * FEW;

/// Pauses between two looks of a sender that waits for room: its looks take the cache line from the receiver.
const GLANCE: u32 = 8;

/// Looks for a message at a time: one costs less than the look at the clock that follows.
const GLANCES: u32 = 8;

/// Messages between two looks for a sender that waits for room.
const LOOKS: u64 = 16;

/// Looks in vain, in a row, before the sender is asked to tell of messages.
const PATIENCE: u32 = if cfg!(shuttle) { 2 } else { 16 };

/// So many messages without having asked to be told of them are a stream.
const STREAM: u64 = 64;

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

/// One end of a joined pair. The other is another thread's, and may be made right behind this one.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct InprocEnd {
    producer: Producer<Message>,
    consumer: Consumer<Message>,
    shared: Arc<Shared>,
    side: usize,
    /// Messages taken out so far.
    pub(crate) taken: u64,
    /// Messages put in so far.
    pub(crate) given: u64,
    /// Messages put in when this end was last watched.
    answered: u64,
    /// Messages put in when this end last looked at what the sender had written, and those taken out when it first found
    /// that more had been put in.
    seen: u64,
    told: u64,
    /// Looks in vain since the last message.
    vain: u32,
    /// Messages taken out when this end last looked at what the sender had written.
    looked: u64,
    /// Pauses that the sender was ahead the last time.
    head_start: u32,
    /// Messages taken out when this end last wished to be told of more.
    rested: u64,
}

#[derive(Debug)]
struct Shared {
    sides: [Side; 2],
    /// The high-water marks of each side for sending and receiving, once it has joined.
    marks: Mutex<[Option<(usize, usize)>; 2]>,
}

#[derive(Debug)]
struct Side {
    /// The socket at this end, once there is one.
    core: OnceLock<Weak<SocketCore>>,
    /// The name of this end among its socket's pipes.
    key: OnceLock<u64>,
    /// The messages that this end sends are [folded](ohmq_proto::message::folded): known before the first is sent.
    folds: AtomicBool,
    /// How many messages from this end may be on their way.
    limit: AtomicUsize,
    /// A sender at the other end that wishes for room is told when no more than this are left. `usize::MAX` before this end
    /// is joined.
    low: AtomicUsize,
    /// The socket at this end wishes to be told of messages. Otherwise it looks by itself, or is being told.
    news: Wish,
    /// The socket at the other end wishes to be told of room.
    room: Wish,
    events: Mutex<Vec<InprocEvent>>,
}

impl Side {
    fn new() -> Self {
        Side {
            core: OnceLock::new(),
            key: OnceLock::new(),
            folds: AtomicBool::new(false),
            limit: AtomicUsize::new(0),
            low: AtomicUsize::new(usize::MAX),
            news: Wish::new(true),
            room: Wish::new(false),
            events: Mutex::default(),
        }
    }
}

/// What a thread watches that expects something of its only peer.
#[derive(Debug)]
pub(crate) enum Expectation {
    Message {
        watch: Watch<Message>,
        /// Nothing was sent the other way since the last time: the peer sends without waiting for answers.
        streams: bool,
    },
    Room(RoomWatch<Message>),
}

impl Expectation {
    /// Whether it has come.
    pub(crate) fn is_met(&self) -> bool {
        match self {
            Expectation::Message { watch, .. } => (0..GLANCES).any(|_| {
                pause(1);
                watch.has_news()
            }),
            Expectation::Room(watch) => {
                pause(GLANCE);
                watch.has_room()
            }
        }
    }

    /// Gives a peer that streams the time for a few messages more. Following at its heels would have the two threads
    /// exchange cache lines for every single one.
    pub(crate) fn let_it_run(&self) {
        if let Expectation::Message { streams: true, .. } = self {
            pause(HEAD_START);
        }
    }
}

fn pause(times: u32) {
    (0..times).for_each(|_| hint::spin_loop());
}

/// A wake-up that must wait until the caller's own socket is unlocked.
#[derive(Debug)]
pub(crate) struct Nudge {
    shared: Arc<Shared>,
    side: usize,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// Messages or events: the pipe has to be looked at.
    News,
    /// Room: who waits for it looks by itself.
    Room,
}

impl Nudge {
    /// Tells the socket at that end.
    pub(crate) fn deliver(self) {
        let side = &self.shared.sides[self.side];
        let Some(core) = side.core.get().and_then(Weak::upgrade) else { return };
        match (self.what, side.key.get()) {
            (What::News, Some(key)) => core.attend_inproc(*key),
            (What::News, None) => {}
            (What::Room, _) => _ = core.doorbell.ring(Events::OUT.interest()),
        }
    }
}

impl InprocEnd {
    /// Makes both ends; the first is the connector's.
    pub(crate) fn pair(send_mark: usize, recv_mark: usize) -> (InprocEnd, InprocEnd) {
        let (first_out, second_in) = channel();
        let (second_out, first_in) = channel();
        let shared = Arc::new(Shared { sides: [Side::new(), Side::new()], marks: Mutex::default() });
        let end = |producer, consumer, side| {
            let shared = Arc::clone(&shared);
            InprocEnd {
                producer,
                consumer,
                shared,
                side,
                taken: 0,
                given: 0,
                answered: 0,
                seen: 0,
                told: 0,
                vain: 0,
                looked: 0,
                head_start: HEAD_START,
                rested: 0,
            }
        };
        let near = end(first_out, first_in, 0);
        near.set_marks(send_mark, recv_mark);
        (near, end(second_out, second_in, 1))
    }

    /// A socket takes its place at this end. Its messages are folded, or not.
    pub(crate) fn join(
        &self,
        core: Weak<SocketCore>,
        key: u64,
        folds: bool,
        send_mark: usize,
        recv_mark: usize,
    ) {
        self.set_marks(send_mark, recv_mark);
        self.own().folds.store(folds, Ordering::Relaxed);
        let _ = self.own().key.set(key);
        let _ = self.own().core.set(core);
    }

    /// The limit is our send mark plus the other's receive mark, and none if either is 0. Before the bind only our own
    /// counts.
    pub(crate) fn set_marks(&self, send: usize, recv: usize) {
        let mut marks = lock(&self.shared.marks);
        marks[self.side] = Some((send, recv));
        for (side, near, far) in [(0, marks[0], marks[1]), (1, marks[1], marks[0])] {
            let limit = match (near, far) {
                (Some((0, _)), _) | (_, Some((_, 0))) => usize::MAX,
                _ => near.map_or(0, |near| near.0).saturating_add(far.map_or(0, |far| far.1)),
            };
            self.shared.sides[side].limit.store(limit, Ordering::SeqCst);
        }
        self.own().low.store(recv / 2, Ordering::SeqCst);
    }

    /// Whether one more message may be sent. On its [`Look::Last`] a sender that finds no room is told of it.
    #[inline]
    pub(crate) fn writable(&self, look: Look) -> bool {
        let limit = self.own().limit.load(Ordering::Relaxed);
        if self.producer.has_room(limit) {
            return true;
        }
        if look == Look::Passing || planted(Mistake::InprocRoomUnwished) {
            return false;
        }
        // The receiver takes first and looks for the wish afterwards.
        self.far().room.make();
        !planted(Mistake::InprocRoomLooksOnce) && self.producer.has_room(limit)
    }

    /// How many more messages may be sent, at least, before [`InprocEnd::writable`] has to be asked again.
    pub(crate) fn room(&self) -> usize {
        self.producer.known_room(self.own().limit.load(Ordering::Relaxed))
    }

    /// Sends the message that `make` writes in its place, and returns. A nudge is to be delivered once no socket is locked.
    #[inline(always)]
    pub(crate) fn push(
        &mut self,
        make: impl FnOnce(&mut MaybeUninit<Message>) -> &mut Message,
        tell: impl FnOnce(Nudge),
    ) {
        self.producer.push_with(make);
        self.given += 1;
        // The receiver wishes first and looks at the queue afterwards.
        if self.far().news.take() {
            tell(self.nudge(What::News));
        }
    }

    /// Sends a body of the length that most small messages have, if nothing has to be done but to write it. Says whether the
    /// other side wishes to be told: then the caller [does](InprocEnd::tell_of_messages).
    #[inline(always)]
    pub(crate) fn push_whole(&mut self, body: &[u8; INLINE]) -> Option<bool> {
        if !self.producer.has_place() {
            return None;
        }
        self.producer.push_with(|place| Message::write_whole(place, body));
        self.given += 1;
        Some(self.far().news.is_made())
    }

    /// What tells the other side of messages, if it wishes to be told.
    pub(crate) fn tell_of_messages(&self) -> Option<Nudge> {
        self.far().news.take().then(|| self.nudge(What::News))
    }

    /// Puts the next message into `into`. A nudge tells a sender that it has room again.
    ///
    /// An end found empty is to be looked at again: the sender does not tell of what it sends. It is asked to after many
    /// looks in vain, and on the [`Look::Last`] of a thread that is going to sleep.
    #[inline(always)]
    pub(crate) fn pop(&mut self, into: &mut Message, look: Look, tell: impl FnOnce(Nudge)) -> Found {
        if self.consumer.is_caught_up() {
            self.let_it_run();
        }
        if !self.consumer.pop_into(into) {
            let found = self.nothing(into, look);
            if found != Found::Message {
                return found;
            }
        }
        if !self.is_alike() {
            self.translate(into);
        }
        self.taken += 1;
        self.vain = 0;
        // A sender without room waits for half of it. Looking at every message would cost more than taking it.
        if (self.consumer.is_caught_up() || self.taken.is_multiple_of(LOOKS)) && self.is_starved() {
            tell(self.nudge(What::Room));
        }
        Found::Message
    }

    /// Whether both sides write messages in the same way. It does not change once there is a message.
    pub(crate) fn is_alike(&self) -> bool {
        // Relaxed: what the other side said before it sent a message is seen with the message.
        self.own().folds.load(Ordering::Relaxed) == self.far().folds.load(Ordering::Relaxed)
    }

    /// Makes a message of the other side one of this side.
    #[cold]
    fn translate(&self, message: &mut Message) {
        if self.own().folds.load(Ordering::Relaxed) { fold(message) } else { unfold(message) }
    }

    /// The next message, if it is known to be there, from a side that [is alike](InprocEnd::is_alike), and nothing has to be
    /// done but to take it. The last that is known is left to [`InprocEnd::pop`], and one now and then: a sender that waits
    /// for room is looked after there.
    #[inline(always)]
    pub(crate) fn next_known(&mut self) -> Option<Message> {
        let least = if planted(Mistake::InprocRunTakesLast) { 1 } else { 2 };
        if (self.taken + 1).is_multiple_of(LOOKS) || self.consumer.known() < least {
            return None;
        }
        let message = self.consumer.pop_known()?;
        self.taken += 1;
        Some(message)
    }

    /// The next look takes the cache line from the sender. One that streams is given time, if there was little to take the
    /// last time: at its heels each would wait for the other with every single message. More time, if that was too little:
    /// how long a line takes from one processor to the other is the machine's affair.
    fn let_it_run(&mut self) {
        let run = self.taken - std::mem::replace(&mut self.looked, self.taken);
        if std::mem::replace(&mut self.seen, self.given) != self.given {
            self.told = self.taken;
        }
        if run > MANY {
            self.head_start = (self.head_start / 2).max(HEAD_START);
        } else if (1..FEW).contains(&run) && self.taken - self.told.max(self.rested) >= STREAM {
            self.head_start = (self.head_start * 2).min(LONG_HEAD_START);
            pause(self.head_start);
        }
    }

    fn is_stream(&self) -> bool {
        self.taken - self.rested >= STREAM
    }

    #[cold]
    fn nothing(&mut self, into: &mut Message, look: Look) -> Found {
        self.vain += 1;
        if (look == Look::Passing && self.vain < PATIENCE) || planted(Mistake::InprocForgetsPipe) {
            return Found::NothingYet;
        }
        self.rested = self.taken;
        self.own().news.make();
        if planted(Mistake::InprocLooksOnce) || !self.consumer.pop_into(into) {
            return Found::Nothing;
        }
        self.own().news.withdraw();
        Found::Message
    }

    /// Looks after the sender: whether it wishes for room, now that there is enough, and whether it streams and is to be
    /// spared the fences.
    #[inline]
    fn is_starved(&self) -> bool {
        let own = self.own();
        if self.is_stream() {
            own.news.favour();
        }
        let enough = || self.consumer.len() <= own.low.load(Ordering::Relaxed);
        own.room.is_made() && enough() && own.room.take_made()
    }

    /// The socket at this end is going to look for a message by itself, so that the other need not tell of it. It ends
    /// with an [`InprocEnd::pop`] that finds nothing.
    pub(crate) fn expect_message(&mut self) -> Expectation {
        self.own().news.withdraw();
        self.vain = 0;
        let streams = std::mem::replace(&mut self.answered, self.given) == self.given;
        Expectation::Message { watch: self.consumer.watch(), streams }
    }

    /// What a sender without room can look at: whether there is as much as it would be told of. `None` before the far end
    /// is joined, which changes the limit.
    pub(crate) fn expect_room(&self) -> Option<Expectation> {
        let low = self.far().low.load(Ordering::Relaxed);
        (low < usize::MAX).then(|| Expectation::Room(self.producer.watch_room(low)))
    }

    /// Messages that wait at this end.
    pub(crate) fn waiting(&self) -> usize {
        self.consumer.len()
    }

    /// Tells the other end something.
    pub(crate) fn tell(&self, event: InprocEvent) -> Nudge {
        lock(&self.far().events).push(event);
        self.nudge(What::News)
    }

    /// What the other end told this one, oldest first.
    pub(crate) fn take_events(&self) -> Vec<InprocEvent> {
        std::mem::take(&mut *lock(&self.own().events))
    }

    #[cold]
    fn nudge(&self, what: What) -> Nudge {
        Nudge { shared: Arc::clone(&self.shared), side: 1 - self.side, what }
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
