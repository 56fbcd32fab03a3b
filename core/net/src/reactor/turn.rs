//! The inside of an I/O thread: one loop of events, commands and timers. Every turn does bounded work.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use super::dial::Dial;
use super::handle::{CLOCK, Command, GUARD, Handle, ListenerId, Listening, WAKE};
use super::handshakes::{Handshakes, Next};
use crate::kernel;
use crate::keyed::Keyed;
use crate::link::{After, Link, Loss, Origin, Owner, Progress, ReadTurn, Teller, Whom};
use crate::nest::{self, Nest};
use crate::stream::Stream;
use crate::sys::{AlarmClock, is_readable};

/// Connections one listener accepts before others have their turn.
const ACCEPTS_PER_TURN: usize = 64;

/// How long a listener rests after the process ran out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Shorter sleeps than this are timed by the alarm clock.
const PRECISE: Duration = Duration::from_millis(5);

/// How long a closed link waits for the peer to take what the kernel still holds and to close its end.
const FAREWELL: Duration = Duration::from_millis(500);

/// What a timer is for. The order is that of firing at the same instant.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Alarm {
    /// Handshake, heartbeat or time-to-live of a connection.
    Connection,
    /// An attempt to connect takes too long.
    ConnectTimeout(u64),
    /// The pause before the next attempt is over.
    Redial(u64),
    /// A stream is looked after.
    Tick,
    /// The linger time of a closed link is over.
    Linger,
    /// A listener that had no descriptors left, or too many handshakes under way, tries again.
    Accept,
}

/// A link as the reactor sees it.
pub(super) struct Entry {
    pub(super) link: Arc<Link>,
    pub(super) dial: Option<Dial>,
    /// Registered with the poller.
    pub(super) stream: Option<Arc<Stream>>,
    /// The earliest connection alarm in the timer set.
    alarm: Option<Instant>,
    closing: bool,
    /// The listener that accepted it, until its handshake is done.
    handshaking: Option<ListenerId>,
    /// Our side has said everything and waits for the peer's end of stream.
    farewell: bool,
}

pub(super) struct IoThread {
    pub(super) poll: Poll,
    pub(super) handle: Handle,
    pub(super) entries: Keyed<Box<Entry>>,
    listeners: HashMap<ListenerId, Box<Listening>>,
    pub(super) timers: BTreeSet<(Instant, u64, Alarm)>,
    /// Links whose last turn ended before the kernel ran dry; edge-triggered readiness must be remembered.
    eager: HashSet<u64>,
    eager_nests: HashSet<u64>,
    /// Sockets that stream, each under the key of the link it began with.
    streams: HashMap<u64, Arc<dyn Owner>>,
    /// Connections whose handshake is not done, by listener.
    handshaking: HashMap<ListenerId, Handshakes>,
    clock: Option<AlarmClock>,
    quitting: bool,
}

impl IoThread {
    pub(super) fn new(poll: Poll, handle: Handle) -> Self {
        let clock = AlarmClock::new().ok().flatten().filter(|clock| {
            register(poll.registry(), clock.as_raw_fd(), CLOCK.0 as u64, Interest::READABLE).is_ok()
        });
        if let Some(guard) = handle.guard_clock() {
            // Without it leases are looked after by command.
            let _ = register(poll.registry(), guard.as_raw_fd(), GUARD.0 as u64, Interest::READABLE);
        }
        IoThread {
            poll,
            clock,
            handle,
            entries: Keyed::default(),
            listeners: HashMap::new(),
            timers: BTreeSet::new(),
            eager: HashSet::new(),
            eager_nests: HashSet::new(),
            streams: HashMap::new(),
            handshaking: HashMap::new(),
            quitting: false,
        }
    }

    /// Serves until asked to quit and the last link has ended.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(256);
        let mut commands = Vec::new();
        while !(self.quitting && self.entries.is_empty() && self.listeners.is_empty()) {
            let poller = self.poll.as_raw_fd();
            let timeout = kernel::patience(self.timeout(), || is_readable(poller));
            match self.poll.poll(&mut events, timeout) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                // Nothing but a broken poller gets here; without one there is nothing left to serve.
                Err(_) => return,
            }
            for event in &events {
                self.on_event(event);
            }
            for key in std::mem::take(&mut self.eager) {
                self.read(key);
            }
            for key in std::mem::take(&mut self.eager_nests) {
                if let Some(nest) = self.handle.nest(key) {
                    self.serve_nest(key, &nest);
                }
            }
            self.handle.take_commands(&mut commands);
            for command in commands.drain(..) {
                self.on_command(command);
            }
            self.on_timers(kernel::now());
            self.handle.set_load(self.entries.len() + self.listeners.len());
        }
    }

    /// How long to sleep. The poller counts in milliseconds; the ticks of a stream need the alarm clock.
    fn timeout(&mut self) -> Option<Duration> {
        if !(self.eager.is_empty() && self.eager_nests.is_empty()) {
            return Some(Duration::ZERO);
        }
        let left = self.timers.first().map(|(due, ..)| due.saturating_duration_since(kernel::now()))?;
        if left > PRECISE || left.is_zero() {
            return Some(left);
        }
        match &self.clock {
            Some(clock) if clock.ring_in(left) => None,
            _ => Some(left),
        }
    }

    fn on_event(&mut self, event: &Event) {
        if event.token() == WAKE || event.token() == CLOCK {
            return;
        }
        if event.token() == GUARD {
            return self.handle.reclaim_leases();
        }
        let key = event.token().0 as u64;
        if let Some(nest) = self.handle.nest(key) {
            return self.serve_nest(key, &nest);
        }
        if let Some(entry) = self.listeners.get(&key) {
            if entry.resting.is_none() {
                self.accept(key);
            }
            return;
        }
        let Some(entry) = self.entries.get_mut(&key) else { return };
        if entry.dial.as_ref().is_some_and(Dial::is_connecting) {
            return self.on_connecting(key);
        }
        let link = Arc::clone(&entry.link);
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            let ending = event.is_read_closed() || event.is_error();
            if link.read_ready(ending, event.is_writable(), Whom::Everybody) == ReadTurn::More {
                self.eager.insert(key);
            }
            self.watch_deadline(key);
        } else if event.is_writable() {
            link.on_writable();
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Listen(id, listening) => self.listen(id, listening),
            Command::Unlisten(id, done) => {
                self.handshaking.remove(&id);
                if let Some(entry) = self.listeners.remove(&id) {
                    let _ = self.poll.registry().deregister(&mut SourceFd(&entry.listener.as_raw_fd()));
                }
                if let Some(done) = done {
                    // Who asked may have stopped waiting only by ending.
                    let _ = done.send(());
                }
            }
            Command::Dial { link, target } => self.dial(link, target),
            Command::Resolved { key, attempt, addresses } => self.on_resolved(key, attempt, addresses),
            Command::Flush(key) => self.with_link(key, |link| _ = link.flush()),
            Command::Stream { key, owner } => {
                self.streams.insert(key, owner);
                self.tick(key);
            }
            Command::Kick(key) => self.read(key),
            Command::Lost(key) => self.teardown(key),
            Command::Watch(key) => self.watch_deadline(key),
            Command::Established(key) => self.on_established(key),
            Command::Close { link, deadline } => self.close(&link, deadline),
            Command::Finish(key) => self.farewell(key),
            Command::Guard => self.handle.reclaim_leases(),
            Command::Quit => self.quitting = true,
        }
    }

    fn on_timers(&mut self, now: Instant) {
        while let Some(&(due, key, alarm)) = self.timers.first() {
            if due > now {
                return;
            }
            self.timers.pop_first();
            match alarm {
                Alarm::Connection => {
                    if let Some(entry) = self.entries.get_mut(&key) {
                        entry.alarm = None;
                        let link = Arc::clone(&entry.link);
                        if link.deadline().is_some_and(|deadline| deadline <= now) {
                            link.on_deadline(now);
                        }
                        self.watch_deadline(key);
                    }
                }
                Alarm::ConnectTimeout(attempt) => self.on_connect_timeout(key, attempt),
                Alarm::Redial(attempt) => self.redial(key, attempt),
                Alarm::Tick => self.tick(key),
                Alarm::Linger => self.finish(key),
                Alarm::Accept => {
                    self.listeners.entry(key).and_modify(|entry| entry.resting = None);
                    self.accept(key);
                }
            }
        }
    }

    /// Something happened in a socket's nest, and no application thread has its lease.
    fn serve_nest(&mut self, key: u64, nest: &Nest) {
        for _ in 0..nest::TURNS {
            if !nest.serve() {
                return;
            }
        }
        self.eager_nests.insert(key);
    }

    fn tick(&mut self, key: u64) {
        match self.streams.get(&key).and_then(|owner| owner.tick()) {
            Some(pause) => _ = self.timers.insert((kernel::now() + pause, key, Alarm::Tick)),
            None => _ = self.streams.remove(&key),
        }
    }

    fn read(&mut self, key: u64) {
        let Some(entry) = self.entries.get(&key) else { return };
        let link = Arc::clone(&entry.link);
        if link.read_turn(Teller::Reactor) == ReadTurn::More {
            self.eager.insert(key);
        }
        self.watch_deadline(key);
    }

    /// Keeps the timer set at least as early as the link's next deadline.
    pub(super) fn watch_deadline(&mut self, key: u64) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let Some(deadline) = entry.link.deadline() else { return };
        if entry.alarm.is_none_or(|armed| deadline < armed) {
            entry.alarm = Some(deadline);
            self.timers.insert((deadline, key, Alarm::Connection));
        }
    }

    fn with_link(&mut self, key: u64, act: impl FnOnce(&Arc<Link>)) {
        if let Some(entry) = self.entries.get(&key) {
            act(&entry.link);
        }
    }

    /// A connection whose handshake its listener no longer waits for.
    fn shaken(&mut self, key: u64, listener: Option<ListenerId>) {
        let Some(id) = listener else { return };
        let Some(handshakes) = self.handshaking.get_mut(&id) else { return };
        let was_full = handshakes.is_full();
        handshakes.end(key);
        if was_full {
            self.accept_in(id, Duration::ZERO);
        }
    }

    /// One more connection whose handshake begins. Strangers who connect and say nothing must neither eat the memory of
    /// those who talk nor keep new ones out, so one of them goes when there are too many.
    fn handshake_begins(&mut self, key: u64, listener: ListenerId) {
        let Some(handshakes) = self.handshaking.get_mut(&listener) else { return };
        let was_full = handshakes.is_full();
        handshakes.begin(key, kernel::now());
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.handshaking = Some(listener);
        }
        if was_full {
            self.send_away(listener);
        }
    }

    /// Who of a listener's handshakes is next to go.
    fn next_to_go(&mut self, listener: ListenerId, now: Instant) -> Next {
        let IoThread { handshaking, entries, .. } = self;
        let progress = |key| entries.get(&key).map_or(Progress::Over, |entry| entry.link.progress());
        handshaking.get_mut(&listener).map_or(Next::Nobody, |handshakes| handshakes.next(now, progress))
    }

    /// Ends the handshake that is next to go, if one is.
    fn send_away(&mut self, listener: ListenerId) -> bool {
        let Next::Victim(key) = self.next_to_go(listener, kernel::now()) else { return false };
        if let Some(handshakes) = self.handshaking.get_mut(&listener) {
            handshakes.end(key);
        }
        self.with_link(key, |link| link.abort(Loss::Stream(std::io::ErrorKind::ConnectionAborted)));
        true
    }

    /// Ends a handshake so that another can begin: one of this listener's, or else of another's.
    fn give_up_a_descriptor(&mut self, listener: ListenerId) -> bool {
        let others: Vec<_> = self.handshaking.keys().copied().filter(|other| *other != listener).collect();
        self.send_away(listener) || others.into_iter().any(|other| self.send_away(other))
    }

    /// How long newcomers have to wait in the kernel's queue, if they have to: there are too many handshakes, and all of
    /// them are young.
    fn is_crowded(&mut self, listener: ListenerId) -> Option<Duration> {
        self.handshaking.get(&listener).filter(|handshakes| handshakes.is_full())?;
        let now = kernel::now();
        match self.next_to_go(listener, now) {
            Next::Not(due) => Some(due.saturating_duration_since(now)),
            Next::Victim(_) | Next::Nobody => None,
        }
    }

    fn on_established(&mut self, key: u64) {
        let listener = self.entries.get_mut(&key).and_then(|entry| entry.handshaking.take());
        self.shaken(key, listener);
        if let Some(dial) = self.entries.get_mut(&key).and_then(|entry| entry.dial.as_mut()) {
            dial.succeeded();
        }
        self.watch_deadline(key);
    }

    fn listen(&mut self, id: ListenerId, listening: Box<Listening>) {
        let descriptor = listening.listener.as_raw_fd();
        if register(self.poll.registry(), descriptor, id, Interest::READABLE).is_ok() {
            let descriptors = getrlimit(Resource::Nofile).current;
            self.handshaking.insert(id, Handshakes::new(descriptors));
            self.listeners.insert(id, listening);
            self.accept(id);
        }
    }

    fn accept(&mut self, id: ListenerId) {
        for _ in 0..ACCEPTS_PER_TURN {
            if let Some(pause) = self.is_crowded(id) {
                return self.accept_in(id, pause);
            }
            let Some(entry) = self.listeners.get(&id) else { return };
            match entry.listener.accept(&entry.config.stream) {
                Ok(Some(stream)) => {
                    let (owner, config) = (Arc::clone(&entry.owner), entry.config.clone());
                    let link = Link::new(Origin::Accepted, Arc::clone(&owner), self.handle.clone(), config);
                    self.insert(Arc::clone(&link), None);
                    owner.adopt(id, Arc::clone(&link));
                    self.attach_stream(link.key(), stream);
                    self.handshake_begins(link.key(), id);
                }
                Ok(None) => return,
                // Out of descriptors or memory: the connection waits in the kernel's queue, so try again soon. An
                // edge-triggered poller would not tell us.
                Err(error) => {
                    let room = lacks_descriptors(&error) && self.give_up_a_descriptor(id);
                    return self.accept_in(id, if room { Duration::ZERO } else { ACCEPT_PAUSE });
                }
            }
        }
        self.accept_in(id, Duration::ZERO);
    }

    /// Accepts again after a pause, and not before.
    fn accept_in(&mut self, id: ListenerId, pause: Duration) {
        let Some(entry) = self.listeners.get_mut(&id) else { return };
        let due = kernel::now() + pause;
        if let Some(before) = entry.resting.replace(due) {
            self.timers.remove(&(before, id, Alarm::Accept));
        }
        self.timers.insert((due, id, Alarm::Accept));
    }

    pub(super) fn insert(&mut self, link: Arc<Link>, dial: Option<Dial>) {
        let key = link.key();
        let entry = Entry {
            link,
            dial,
            stream: None,
            alarm: None,
            closing: false,
            handshaking: None,
            farewell: false,
        };
        // Boxed: the map has up to twice as many places as entries.
        self.entries.insert(key, Box::new(entry));
    }

    /// Hands a connected stream to its link and watches it.
    pub(super) fn attach_stream(&mut self, key: u64, stream: Stream) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let stream = Arc::new(stream);
        let link = Arc::clone(&entry.link);
        entry.stream = Some(Arc::clone(&stream));
        link.open(Arc::clone(&stream), kernel::now());
        let watched = match link.nest() {
            Some(nest) => nest.add(&link, stream.as_fd()),
            None => register(
                self.poll.registry(),
                stream.as_raw_fd(),
                key,
                Interest::READABLE | Interest::WRITABLE,
            ),
        };
        if let Err(error) = watched {
            link.abort(Loss::Stream(error.kind()));
        }
        self.watch_deadline(key);
        self.read(key);
    }

    fn teardown(&mut self, key: u64) {
        let Some(entry) = self.entries.get(&key) else { return };
        let link = Arc::clone(&entry.link);
        match link.teardown() {
            After::NotYet => {}
            After::Redial => {
                self.forget_stream(key);
                link.owner().attend(&link);
                self.schedule_redial(key);
            }
            After::Gone => {
                self.forget_stream(key);
                self.gone(key);
            }
        }
    }

    /// The link is over: tell its owner and forget it.
    pub(super) fn gone(&mut self, key: u64) {
        let Some(entry) = self.entries.remove(&key) else { return };
        self.eager.remove(&key);
        self.shaken(key, entry.handshaking);
        entry.link.owner().attend(&entry.link);
        if entry.closing {
            entry.link.owner().finished(&entry.link);
        }
    }

    pub(super) fn forget_stream(&mut self, key: u64) {
        self.eager.remove(&key);
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let Some(stream) = entry.stream.take() else { return };
        match entry.link.nest() {
            Some(nest) => nest.remove(key, stream.as_fd()),
            None => drop(self.poll.registry().deregister(&mut SourceFd(&stream.as_raw_fd()))),
        }
    }

    fn close(&mut self, link: &Arc<Link>, deadline: Option<Instant>) {
        let key = link.key();
        let Some(entry) = self.entries.get_mut(&key) else {
            // It ended by itself before the socket let go of it.
            link.finish(Loss::Local);
            return link.owner().finished(link);
        };
        entry.closing = true;
        if let Some(deadline) = deadline {
            self.timers.insert((deadline, key, Alarm::Linger));
        }
        if deadline.is_some_and(|deadline| deadline <= kernel::now()) {
            return self.finish(key);
        }
        link.flush();
        if link.unsent() == 0 {
            self.farewell(key);
        } else {
            // Reading may have paused before nobody received any more, and a peer that sends may not receive meanwhile.
            self.read(key);
        }
    }

    /// Everything is written: end our side of the stream and give the peer a moment to end its own. Closing at once
    /// while bytes of the peer are unread would reset the connection and destroy what it has not received yet.
    fn farewell(&mut self, key: u64) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        if !entry.closing || entry.farewell || entry.link.unsent() > 0 {
            return;
        }
        let Some(stream) = entry.stream.as_ref().filter(|_| entry.link.is_established()) else {
            return self.finish(key);
        };
        entry.farewell = true;
        stream.end_of_writing();
        self.timers.insert((kernel::now() + FAREWELL, key, Alarm::Linger));
        self.read(key);
    }

    /// Ends a link now.
    fn finish(&mut self, key: u64) {
        let Some(entry) = self.entries.get(&key) else { return };
        if entry.link.finish(Loss::Local) {
            self.forget_stream(key);
            self.gone(key);
        } else {
            // A role is held at this very moment; its holder is about to return.
            self.timers.insert((kernel::now() + Duration::from_millis(1), key, Alarm::Linger));
        }
    }
}

fn lacks_descriptors(error: &std::io::Error) -> bool {
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

pub(super) fn register(
    registry: &Registry,
    descriptor: std::os::fd::RawFd,
    key: u64,
    interest: Interest,
) -> std::io::Result<()> {
    registry.register(&mut SourceFd(&descriptor), Token(key as usize), interest)
}
