//! The outside of an I/O thread: starting it, sending it commands, stopping it.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, OnceLock, PoisonError, Weak};
use std::time::Instant;

use mio::unix::SourceFd;
use mio::{Interest, Poll, Registry, Token, Waker};
use ohmq_proto::endpoint::Endpoint;
use ohmq_queue::mistake::{Mistake, planted};
use ohmq_queue::sync::thread::{self, JoinHandle, ThreadId};
use ohmq_queue::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering};

use super::turn::IoThread;
use crate::config::LinkConfig;
use crate::kernel;
use crate::link::{Link, Owner};
use crate::nest::{LEASE, Nest, Reclaimed};
use crate::sys::{AlarmClock, fork_generation, watch_forks};
use crate::transport::Listener;

/// Names a listener among everything its reactor owns.
pub type ListenerId = u64;

/// What other threads ask of the I/O thread.
pub(crate) enum Command {
    Listen(ListenerId, Box<Listening>),
    /// The other end hears when the address is free.
    Unlisten(ListenerId, Option<SyncSender<()>>),
    Dial {
        link: Arc<Link>,
        target: Endpoint,
    },
    Resolved {
        key: u64,
        attempt: u64,
        addresses: io::Result<Vec<SocketAddr>>,
    },
    /// Bytes are queued and the thread that queued them has other things to do.
    Flush(u64),
    /// A stream began: look after it until it ends, the first time at once.
    Stream {
        key: u64,
        owner: Arc<dyn Owner>,
    },
    /// Read on: room was made, or a write failed and the reason is to be read.
    Kick(u64),
    /// The wire of this link failed.
    Lost(u64),
    /// The handshake is done: the connection's timers have changed.
    Established(u64),
    /// The connection's timers have changed.
    Watch(u64),
    /// The socket let go of the link.
    Close {
        link: Arc<Link>,
        deadline: Option<Instant>,
    },
    /// A lingering link has sent its last message.
    Finish(u64),
    /// Look after the leases: only where there is no clock for it.
    Guard,
    Quit,
}

/// A listener and what its connections are made with.
pub(crate) struct Listening {
    pub(super) listener: Listener,
    pub(super) owner: Arc<dyn Owner>,
    pub(super) config: LinkConfig,
    /// An [`Alarm::Accept`](super::turn::Alarm::Accept) is set for then: what comes before waits for it.
    pub(super) resting: Option<Instant>,
}

struct Shared {
    commands: Mutex<Vec<Command>>,
    waker: Waker,
    /// For nests, which application threads have watched and unwatched.
    registry: Registry,
    nests: Mutex<HashMap<u64, Weak<Nest>>>,
    /// Nests some application thread has the lease of.
    leased: Mutex<Vec<u64>>,
    /// Rings when leases have to be looked at.
    guard: Option<AlarmClock>,
    guarded: AtomicBool,
    thread: OnceLock<ThreadId>,
    generation: u32,
    load: AtomicUsize,
}

/// A cheap reference to an I/O thread.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

/// The token of the reactor's own wake-up; keys of links and listeners start behind it.
pub(super) const WAKE: Token = Token(0);
/// The token of its alarm clock.
pub(super) const CLOCK: Token = Token(1);
/// The token of the clock that guards the leases.
pub(super) const GUARD: Token = Token(2);

/// A number no other link, listener or pipe of this process has.
pub fn next_key() -> u64 {
    static KEYS: AtomicU64 = AtomicU64::new(GUARD.0 as u64 + 1);
    KEYS.fetch_add(1, Ordering::Relaxed)
}

impl Handle {
    /// A number no other link or listener of this process has, whichever thread serves it.
    pub fn next_key(&self) -> u64 {
        next_key()
    }

    /// Links and listeners this thread serves, for choosing the least loaded one.
    pub fn load(&self) -> usize {
        self.0.load.load(Ordering::Relaxed)
    }

    /// Serves a bound listener; every connection it accepts is adopted by `owner`.
    pub fn listen(&self, listener: Listener, owner: Arc<dyn Owner>, config: LinkConfig) -> ListenerId {
        let id = self.next_key();
        self.send(Command::Listen(id, Box::new(Listening { listener, owner, config, resting: None })));
        id
    }

    /// Stops accepting, soon. Links that were accepted stay.
    pub fn unlisten(&self, id: ListenerId) {
        self.send(Command::Unlisten(id, None));
    }

    /// Stops accepting and waits until the address is free again: for as long as the I/O thread is busy. The caller
    /// must hold no lock that an [`Owner`] takes. On the I/O thread itself it does not wait.
    pub fn unlisten_now(&self, id: ListenerId) {
        if thread::current().id() == *self.0.thread.wait() {
            return self.unlisten(id);
        }
        let (done, freed) = std::sync::mpsc::sync_channel(1);
        self.send(Command::Unlisten(id, Some(done)));
        // An I/O thread that has ended has freed everything.
        let _ = freed.recv();
    }

    /// Connects `link` to `target` now and after every loss, as its configuration says.
    pub fn dial(&self, link: Arc<Link>, target: Endpoint) {
        self.send(Command::Dial { link, target });
    }

    pub(crate) fn send(&self, command: Command) {
        if self.0.generation != fork_generation() {
            // A forked child: the thread is its parent's.
            return;
        }
        let first = {
            let mut commands = lock(&self.0.commands);
            commands.push(command);
            commands.len() == 1
        };
        if first {
            // The only failure is a full eventfd counter, which is readable anyway.
            let _ = self.0.waker.wake();
            kernel::changed();
        }
    }

    /// This thread serves a nest from now on.
    pub(crate) fn host(&self, key: u64, nest: &Arc<Nest>) {
        {
            let mut nests = lock(&self.0.nests);
            // Nests end without a word; their places are swept when the table would grow.
            if nests.len() == nests.capacity() {
                nests.retain(|_, nest| nest.strong_count() > 0);
            }
            nests.insert(key, Arc::downgrade(nest));
        }
        if nest.is_leased() {
            // Somebody has waited here before there was anything to wait for.
            lock(&self.0.leased).push(key);
            self.guard_lease();
        } else {
            self.watch(key, nest);
        }
    }

    /// The I/O thread has the lease: its poller wakes it when something happens in the nest.
    pub(crate) fn watch(&self, key: u64, nest: &Nest) {
        // Being watched already is as good.
        let _ = self.0.registry.register(
            &mut SourceFd(&nest.as_raw_fd()),
            Token(key as usize),
            Interest::READABLE,
        );
        kernel::changed();
    }

    /// An application thread has the lease: the I/O thread is not to be woken.
    pub(crate) fn unwatch(&self, key: u64, nest: &Nest) {
        let _ = self.0.registry.deregister(&mut SourceFd(&nest.as_raw_fd()));
        if !planted(Mistake::LeaseUnlisted) {
            lock(&self.0.leased).push(key);
        }
    }

    /// The holder of a lease goes away: the I/O thread looks after it in a while. One system call per interval at most.
    pub(crate) fn guard_lease(&self) {
        if !self.0.guarded.swap(true, Ordering::SeqCst) {
            let set = self.0.guard.as_ref().is_some_and(|clock| clock.ring_in(LEASE));
            if !set {
                self.send(Command::Guard);
            }
        }
    }

    pub(super) fn guard_clock(&self) -> Option<&AlarmClock> {
        self.0.guard.as_ref()
    }

    pub(super) fn nest(&self, key: u64) -> Option<Arc<Nest>> {
        lock(&self.0.nests).get(&key).and_then(Weak::upgrade)
    }

    /// Takes back the leases nobody has used since the last time.
    pub(super) fn reclaim_leases(&self) {
        self.0.guarded.store(planted(Mistake::GuardClearedLate), Ordering::SeqCst);
        let mut leased = std::mem::take(&mut *lock(&self.0.leased));
        // A lease that was given back and taken again is there twice; asked a second time it would seem unused.
        leased.sort_unstable();
        leased.dedup();
        let mut again = false;
        for key in leased {
            let Some(nest) = self.nest(key) else { continue };
            match nest.reclaim() {
                Reclaimed::Done => continue,
                Reclaimed::InUse => again = true,
                Reclaimed::Asleep if planted(Mistake::SleeperUnlisted) => continue,
                Reclaimed::Asleep => {}
            }
            lock(&self.0.leased).push(key);
        }
        if planted(Mistake::GuardClearedLate) {
            self.0.guarded.store(false, Ordering::SeqCst);
        }
        if again {
            self.guard_lease();
        }
    }

    pub(super) fn take_commands(&self, into: &mut Vec<Command>) {
        std::mem::swap(&mut *lock(&self.0.commands), into);
    }

    pub(super) fn set_load(&self, load: usize) {
        self.0.load.store(load, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("load", &self.load()).finish_non_exhaustive()
    }
}

/// A running I/O thread. Dropping it asks the thread to end once its last lingering link is done, without waiting.
#[derive(Debug)]
pub struct Reactor {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Reactor {
    /// Starts an I/O thread called `name`.
    pub fn start(name: &str) -> io::Result<Reactor> {
        let poll = Poll::new()?;
        let shared = Shared {
            commands: Mutex::new(Vec::new()),
            waker: Waker::new(poll.registry(), WAKE)?,
            registry: poll.registry().try_clone()?,
            nests: Mutex::new(HashMap::new()),
            leased: Mutex::new(Vec::new()),
            guard: AlarmClock::new()?,
            guarded: AtomicBool::new(false),
            thread: OnceLock::new(),
            generation: watch_forks(),
            load: AtomicUsize::new(0),
        };
        let handle = Handle(Arc::new(shared));
        let io_thread = IoThread::new(poll, handle.clone());
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || io_thread.run())?;
        let _ = handle.0.thread.set(thread.thread().id());
        Ok(Reactor { handle, thread: Some(thread) })
    }

    /// A reference for sockets and links.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Ends the thread once its last link is done, and waits for it.
    pub fn join(mut self) {
        self.handle.send(Command::Quit);
        if let Some(thread) =
            self.thread.take().filter(|thread| thread.thread().id() != thread::current().id())
        {
            // A panic of the I/O thread was reported by the panic hook already.
            let _ = thread.join();
        }
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.handle.send(Command::Quit);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
