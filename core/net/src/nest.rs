//! A socket's own poller, nested in the I/O thread's: what lets the thread that waits for a message read it itself.
//!
//! Every link of a socket is watched here. Whoever *leads* polls it and moves the bytes; there is one leader at a time.
//! By default that is the I/O thread, whose own poller watches the nest. An application thread that has to wait takes
//! the *lease*: it makes the I/O thread's poller forget the nest (one system call), and is then woken by the network
//! itself. The lease is sticky: it stays when the thread returns with its message, since it will most likely be back.
//! If it has not polled within [`LEASE`], the I/O thread does it, so that handshakes, heartbeats, other peers and
//! refused writes never wait longer than that for a computing application. It takes the nest over for good if the thread
//! was not here at all; one that has enough to do with what a single peer sends keeps the lease.
//!
//! ```text
//!               a thread waits                        it came back in time
//!   I/O thread ───────────────▶ application ◀─────────────────────────────┐
//!       ▲                            │   a message: it returns, lease kept │
//!       └────────────────────────────┴─────────────────────────────────────┘
//!            not here for a whole LEASE
//! ```
//!
//! Only Linux nests pollers; elsewhere [`Nest::new`] gives `None` and the I/O thread reads for everybody.

use std::sync::Arc;
use std::time::Duration;

use crate::link::Link;
use crate::reactor::Handle;
use crate::sys::Signal;

/// How long an application may stay away before the I/O thread takes over.
pub(crate) const LEASE: Duration = Duration::from_millis(5);

/// How a turn of leading ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Led {
    /// Something happened: look again.
    Served,
    /// The time is over.
    TimedOut,
    /// A signal handler ran in this thread.
    Interrupted,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use linux::{Lead, Nest};
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{Reclaimed, TURNS};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
    use std::sync::{OnceLock, PoisonError, TryLockError};
    use std::task::Waker;
    use std::time::Instant;

    use ohmq_queue::mistake::{Mistake, planted};
    use ohmq_queue::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering};
    use ohmq_queue::{Spin, SpinLimit};
    use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
    use rustix::io::Errno;

    use super::{Arc, Duration, Handle, Led, Link, Signal};
    use crate::link::{ReadTurn, Whom};
    use crate::stream::Stream;
    use crate::{Keyed, kernel, sys};

    /// Events taken at a time.
    const EVENTS: usize = 64;

    /// Polls in a row before others have their turn.
    pub(crate) const TURNS: usize = if cfg!(shuttle) { 2 } else { 4 };

    /// The token of the leader's wake-up; links have their keys, which begin higher.
    const WAKE: u64 = 0;

    /// One socket's poller.
    #[derive(Debug)]
    pub struct Nest {
        poller: OwnedFd,
        /// Wakes the leader for news that do not come from the network.
        signal: Arc<Signal>,
        waker: Waker,
        links: Mutex<Keyed<Arc<Link>>>,
        /// Grows with every link that comes or goes, or has something to tell that only the poller hears.
        changes: AtomicUsize,
        /// Links the socket itself has read from and left with something in the kernel.
        unfinished: Mutex<Vec<Arc<Link>>>,
        lead: Mutex<Leading>,
        /// How long the leader looks before it sleeps.
        limit: SpinLimit,
        home: OnceLock<(Handle, u64)>,
        /// An application thread leads or has led lately.
        leased: AtomicBool,
        /// Somebody has polled since the I/O thread last looked.
        polled: AtomicBool,
        /// The holder of the lease was here since then, if only for what it was told of before.
        touched: AtomicBool,
        /// Somebody leads, and will say goodbye.
        led: AtomicBool,
    }

    #[derive(Debug)]
    struct Leading {
        spin: Spin,
        /// Links whose last read left something in the kernel; an edge that was seen must be remembered.
        eager: Vec<Arc<Link>>,
        /// A stream was read without asking the poller, which still has to tell of what is no news any more.
        stale: bool,
        /// The last turn found nothing but that.
        vain: bool,
    }

    impl Leading {
        /// Reads on from the link with the next poll: once, however often that is said.
        fn go_on_with(&mut self, link: Arc<Link>) {
            if !link.set_eager(true) {
                self.eager.push(link);
            }
        }
    }

    /// The only stream of a nest: a thread that spins asks it, and not the poller, which answers slowly when there is
    /// something. Then the poller has no part in a round trip.
    struct Only {
        link: Arc<Link>,
        stream: Arc<Stream>,
        /// So many changes of the nest ago it was the only one.
        changes: usize,
    }

    /// The right to poll a nest, held by one thread at a time.
    #[derive(Debug)]
    pub struct Lead<'a> {
        nest: &'a Nest,
        // Let go of before the goodbye is said: fields are dropped in this order.
        leading: MutexGuard<'a, Leading>,
        _goodbye: Goodbye<'a>,
    }

    /// What a leader does when it leads no longer.
    #[derive(Debug)]
    struct Goodbye<'a>(&'a Nest);

    impl Nest {
        /// A nest with no links, whose leader spins no longer than `limit`.
        ///
        /// # Errors
        ///
        /// `EMFILE` when the process has no descriptors left.
        pub fn new(limit: SpinLimit) -> io::Result<Option<Arc<Nest>>> {
            let poller = epoll::create(CreateFlags::CLOEXEC)?;
            let signal = Signal::new()?;
            epoll::add(&poller, &*signal, EventData::new_u64(WAKE), EventFlags::IN)?;
            Ok(Some(Arc::new(Nest {
                poller,
                waker: signal.waker(),
                signal,
                links: Mutex::new(Keyed::default()),
                changes: AtomicUsize::new(0),
                unfinished: Mutex::new(Vec::new()),
                lead: Mutex::new(Leading { spin: Spin::new(), eager: Vec::new(), stale: false, vain: false }),
                limit,
                home: OnceLock::new(),
                leased: AtomicBool::new(false),
                polled: AtomicBool::new(false),
                touched: AtomicBool::new(false),
                led: AtomicBool::new(false),
            })))
        }

        /// Gives the nest to an I/O thread, the first time; says which one it belongs to.
        pub fn settle(self: &Arc<Self>, choose: impl FnOnce() -> Handle) -> Handle {
            let (home, _) = self.home.get_or_init(|| {
                let home = choose();
                let key = home.next_key();
                home.host(key, self);
                (home, key)
            });
            home.clone()
        }

        /// Wakes the leader.
        pub fn waker(&self) -> &Waker {
            &self.waker
        }

        /// Takes the lead if nobody has it, and the lease with it.
        pub fn try_lead(&self) -> Option<Lead<'_>> {
            let lead = self.try_lock()?;
            // It changes only under the lead.
            if !self.leased.load(Ordering::Relaxed)
                && !self.leased.swap(true, Ordering::SeqCst)
                && let Some((home, key)) = self.home.get()
            {
                home.unwatch(*key, self);
            }
            Some(lead)
        }

        /// Whether an application thread has the lease: then nobody else polls, so whoever needs news has to.
        #[inline]
        pub fn is_leased(&self) -> bool {
            self.leased.load(Ordering::Relaxed)
        }

        /// A descriptor for foreign event loops: readable while this nest has something to serve or `signal` is raised.
        ///
        /// # Errors
        ///
        /// `EMFILE` when the process has no descriptors left.
        pub fn outlet(&self, signal: &Signal) -> io::Result<OwnedFd> {
            let outlet = epoll::create(CreateFlags::CLOEXEC)?;
            epoll::add(&outlet, &self.poller, EventData::new_u64(0), EventFlags::IN)?;
            epoll::add(&outlet, signal, EventData::new_u64(1), EventFlags::IN)?;
            Ok(outlet)
        }

        /// Makes an outlet readable for good. A copy of it that somebody watches outlives the signal inside.
        ///
        /// # Errors
        ///
        /// `EMFILE` when the process has no descriptors left.
        pub fn open_outlet(outlet: &OwnedFd) -> io::Result<()> {
            /// Readable, and never closed.
            static OPEN: OnceLock<Arc<Signal>> = OnceLock::new();
            let made = Signal::new()?;
            made.raise();
            Ok(epoll::add(outlet, OPEN.get_or_init(|| made), EventData::new_u64(2), EventFlags::IN)?)
        }

        /// Watches a link's stream.
        pub(crate) fn add(&self, link: &Arc<Link>, stream: BorrowedFd<'_>) -> io::Result<()> {
            self.lock_links().insert(link.key(), Arc::clone(link));
            self.changes.fetch_add(1, Ordering::SeqCst);
            let wanted = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
            let added = epoll::add(&self.poller, stream, EventData::new_u64(link.key()), wanted);
            kernel::changed();
            Ok(added?)
        }

        /// The lease was used without leading: the socket reads what it was told of before.
        pub(crate) fn touch(&self) {
            self.touched.store(true, Ordering::Relaxed);
        }

        /// Whoever polls next goes on reading `link`, and somebody will: the leader, or who looks after the lease.
        pub(crate) fn remember(&self, link: &Arc<Link>) {
            self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(link));
            match self.try_lock() {
                Some(lead) => {
                    drop(lead);
                    if !self.is_leased() {
                        // The I/O thread has the nest again, and watches nothing but the poller.
                        self.signal.raise();
                    }
                }
                // It may sleep already, and the network will not tell it of this.
                None if !planted(Mistake::RestUntold) => self.signal.raise(),
                None => {}
            }
        }

        /// A link waits for room: a leader that looks only whether it can be read must ask the poller from now on.
        pub(crate) fn reconsider(&self) {
            self.changes.fetch_add(1, Ordering::SeqCst);
        }

        /// Forgets a link's stream.
        pub(crate) fn remove(&self, key: u64, stream: BorrowedFd<'_>) {
            self.lock_links().remove(&key);
            self.changes.fetch_add(1, Ordering::SeqCst);
            // A stream that was never watched is forgotten already.
            let _ = epoll::delete(&self.poller, stream);
        }

        /// The I/O thread's turn: something happened here. Says whether there may be more.
        pub(crate) fn serve(&self) -> bool {
            // A thread that is handing the nest over may have looked for the last time, and the I/O thread's poller will
            // not tell of this again: so it comes back. A leader with a lease will look.
            let Some(mut lead) = self.try_lock() else {
                return !self.leased.load(Ordering::SeqCst) && !planted(Mistake::ServeGivesUp);
            };
            matches!(lead.poll(Some(Duration::ZERO), || ()), Ok(Led::Served))
        }

        /// The I/O thread looks whether the lease is still used; if it is not, takes the nest over. True when it must
        /// look again after another [`super::LEASE`].
        pub(crate) fn reclaim(&self) -> Reclaimed {
            if self.led.load(Ordering::SeqCst) {
                return Reclaimed::Asleep;
            }
            let touched = self.touched.swap(false, Ordering::Relaxed);
            if self.polled.swap(false, Ordering::Relaxed) {
                return Reclaimed::InUse;
            }
            let Some(mut lead) = self.try_lock() else { return Reclaimed::Asleep };
            if touched {
                if self.has_others() {
                    // A poller that fails does so for its holder too, who says it.
                    let _ = lead.poll(Some(Duration::ZERO), || ());
                    self.polled.store(false, Ordering::Relaxed);
                }
                return Reclaimed::InUse;
            }
            self.hand_over(&mut lead);
            Reclaimed::Done
        }

        fn single(&self) -> Option<Arc<Link>> {
            let links = self.lock_links();
            links.values().next().filter(|_| links.len() == 1).cloned()
        }

        /// Whether there may be news beside those of the one link that is being read.
        fn has_others(&self) -> bool {
            match self.single() {
                Some(link) => link.waits_for_room(),
                None => true,
            }
        }

        /// Gives the lease to the I/O thread at once, unless another thread leads.
        pub fn give_back(&self) {
            if self.is_leased()
                && let Some(mut lead) = self.try_lock()
            {
                self.hand_over(&mut lead);
            }
        }

        fn hand_over(&self, lead: &mut Lead<'_>) {
            let Some((home, key)) = self.home.get() else { return };
            if self.leased.swap(false, Ordering::SeqCst) {
                if !planted(Mistake::HandOverUnwatched) {
                    home.watch(*key, self);
                }
                // What came in meanwhile is an event of the watched nest, or served here.
                let mut read = || matches!(lead.poll(Some(Duration::ZERO), || ()), Ok(Led::Served));
                if !planted(Mistake::HandOverUnread) && (0..TURNS).all(|_| read()) {
                    // There is no end to it; the I/O thread goes on, for which there must be something to tell.
                    self.signal.raise();
                }
            }
        }

        /// The only stream, if there is one and it may be read now. What others have left to be read is looked for first: from
        /// now on they raise the signal.
        fn only(&self) -> Option<Only> {
            let changes = self.changes.load(Ordering::SeqCst);
            let link = self.single()?;
            let stream = link.readable_stream()?;
            let finished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
            finished.then_some(Only { link, stream, changes })
        }

        fn try_lock(&self) -> Option<Lead<'_>> {
            let leading = match self.lead.try_lock() {
                Ok(leading) => leading,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return None,
            };
            self.led.store(true, Ordering::Relaxed);
            Some(Lead { nest: self, leading, _goodbye: Goodbye(self) })
        }

        fn lock_links(&self) -> MutexGuard<'_, Keyed<Arc<Link>>> {
            self.links.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// What became of a lease the I/O thread asked for.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    pub(crate) enum Reclaimed {
        /// Its holder was here lately: ask again.
        InUse,
        /// Its holder leads, most likely asleep in the poller: it will say when it leaves.
        Asleep,
        /// The I/O thread has it.
        Done,
    }

    impl Lead<'_> {
        /// Serves what is ready now, without waiting.
        ///
        /// # Errors
        ///
        /// What the operating system reports; none is expected.
        pub fn serve(&mut self) -> io::Result<Led> {
            self.poll(Some(Duration::ZERO), || ())
        }

        /// The same for a socket that is receiving, and only for those of its links of which it does not know that they have
        /// something: it has read from the others for long enough.
        ///
        /// # Errors
        ///
        /// As [`Lead::serve`].
        pub fn serve_others(&mut self) -> io::Result<Led> {
            self.poll_for(Whom::Others, Some(Duration::ZERO), || ())
        }

        /// Waits for at most `timeout` and serves what is ready: spinning for a moment where that pays, then asleep.
        /// `awake` is called after the wait, before anything is served.
        ///
        /// # Errors
        ///
        /// As [`Lead::serve`].
        // Times are taken again after spinning, which may have lasted as long as the caller wanted to wait.
        pub fn wait(&mut self, timeout: Option<Duration>, awake: impl FnOnce()) -> io::Result<Led> {
            let mut awake = Some(awake);
            let mut call = move || {
                if let Some(awake) = awake.take() {
                    awake();
                }
            };
            if timeout.is_some_and(|timeout| timeout.is_zero()) {
                return self.poll(timeout, call);
            }
            let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
            self.nest.polled.store(true, Ordering::Relaxed);
            let mut spin = std::mem::take(&mut self.leading.spin);
            let mut only = None;
            let found = spin.run(self.nest.limit, timeout, || {
                let only = only.get_or_insert_with(|| self.nest.only());
                self.look(only, &mut call)
            });
            self.leading.spin = spin;
            // What ends while this thread sleeps must not be held on to.
            drop(only);
            if found {
                return Ok(Led::Served);
            }
            let settled =
                if self.leading.stale { self.poll(Some(Duration::ZERO), || ())? } else { Led::TimedOut };
            if self.is_news(settled) {
                call();
                return Ok(settled);
            }
            self.poll(deadline.map(|at| at.saturating_duration_since(Instant::now())), &mut call)
        }

        /// Makes the nest unreadable for the news that do not come from the network.
        pub fn clear(&self) {
            self.nest.signal.clear();
        }

        /// One look of a thread that spins. Says whether there was anything.
        fn look(&mut self, only: &mut Option<Only>, awake: impl FnOnce()) -> bool {
            if only.as_ref().is_some_and(|only| only.changes != self.nest.changes.load(Ordering::Relaxed)) {
                // What has come is watched by the poller alone, as is room, and what has gone must not be held on to.
                *only = None;
            }
            let Some(Only { link, stream, .. }) = only.as_ref().filter(|_| self.leading.eager.is_empty())
            else {
                return matches!(self.poll(Some(Duration::ZERO), awake), Ok(Led::Served));
            };
            let (readable, raised) = sys::look(stream, &self.nest.signal);
            if raised {
                return matches!(self.poll(Some(Duration::ZERO), awake), Ok(Led::Served));
            }
            if readable {
                awake();
                self.leading.stale = true;
                self.after(link.read_ready(false, false, Whom::Everybody), link);
            }
            readable
        }

        fn poll(&mut self, timeout: Option<Duration>, awake: impl FnOnce()) -> io::Result<Led> {
            self.poll_for(Whom::Everybody, timeout, awake)
        }

        fn poll_for(
            &mut self,
            whom: Whom,
            timeout: Option<Duration>,
            awake: impl FnOnce(),
        ) -> io::Result<Led> {
            self.nest.polled.store(true, Ordering::Relaxed);
            let mut events = [const { std::mem::MaybeUninit::<Event>::uninit() }; EVENTS];
            for link in self.nest.unfinished.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
                self.leading.go_on_with(link);
            }
            let eager = !self.leading.eager.is_empty();
            let timeout = if eager { Some(Duration::ZERO) } else { timeout };
            let timeout = kernel::patience(timeout, || sys::is_readable(self.nest.poller.as_raw_fd()));
            let found = match epoll::wait(&self.nest.poller, &mut events, timeout.map(whole_millis).as_ref())
            {
                Ok((found, _)) => found,
                Err(Errno::INTR) => return Ok(Led::Interrupted),
                Err(error) => return Err(error.into()),
            };
            if found.is_empty() && !eager {
                return Ok(Led::TimedOut);
            }
            awake();
            self.leading.stale = false;
            let mut vain = !eager;
            let eager = std::mem::take(&mut self.leading.eager);
            for event in found.iter() {
                let (flags, key) = (event.flags, event.data.u64());
                if key == WAKE {
                    self.nest.signal.clear();
                    vain = false;
                    continue;
                }
                let link = self.nest.lock_links().get(&key).cloned();
                if let Some(link) = link {
                    vain &= self.serve_link(&link, flags, whom);
                }
            }
            for link in eager {
                link.set_eager(false);
                if link.read_more(whom) {
                    self.leading.go_on_with(link);
                }
            }
            self.leading.vain = vain;
            Ok(Led::Served)
        }

        /// Whether the last turn did anything but read what had been read before. Only who was not announced as awake for that
        /// turn may go to sleep when it did not.
        fn is_news(&self, led: Led) -> bool {
            led == Led::Interrupted || led == Led::Served && !self.leading.vain
        }

        /// Does what the poller says is to be done. True when it was in vain: another has read what there was.
        fn serve_link(&mut self, link: &Arc<Link>, flags: EventFlags, whom: Whom) -> bool {
            let gone = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
            let (ending, writable) = (flags.intersects(gone), flags.contains(EventFlags::OUT));
            if !ending && !flags.contains(EventFlags::IN) {
                link.on_writable();
                return false;
            }
            let turn = link.read_ready(ending, writable, whom);
            self.after(turn, link);
            turn == ReadTurn::Vain
        }

        /// A link was read from.
        fn after(&mut self, turn: ReadTurn, link: &Arc<Link>) {
            if turn == ReadTurn::More {
                self.leading.go_on_with(Arc::clone(link));
            }
        }
    }

    /// Whole milliseconds, rounded up: what every kernel takes. An early return would only be one turn too many.
    fn whole_millis(time: Duration) -> rustix::event::Timespec {
        let millis = time.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as i64;
        rustix::event::Timespec { tv_sec: millis / 1000, tv_nsec: millis % 1000 * 1_000_000 }
    }

    impl Drop for Lead<'_> {
        fn drop(&mut self) {
            // Before the goodbye: who does not see this is told by that.
            self.nest.led.store(false, Ordering::SeqCst);
        }
    }

    impl Drop for Goodbye<'_> {
        fn drop(&mut self) {
            if self.0.leased.load(Ordering::Relaxed)
                && !planted(Mistake::LeaseUnguarded)
                && let Some((home, _)) = self.0.home.get()
            {
                home.guard_lease();
            }
        }
    }

    impl AsRawFd for Nest {
        fn as_raw_fd(&self) -> RawFd {
            self.poller.as_raw_fd()
        }
    }

    impl AsFd for Nest {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.poller.as_fd()
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use elsewhere::{Lead, Nest};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use elsewhere::{Reclaimed, TURNS};

/// The same names where there is no nest: none of this can be reached, because there is no value to call it on.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[allow(missing_docs, clippy::missing_errors_doc)]
mod elsewhere {
    use std::convert::Infallible;
    use std::io;
    use std::marker::PhantomData;
    use std::os::fd::{BorrowedFd, OwnedFd};
    use std::task::Waker;

    use ohmq_queue::SpinLimit;

    use super::{Arc, Duration, Handle, Led, Link, Signal};

    #[derive(Debug)]
    pub enum Nest {}

    pub(crate) const TURNS: usize = 1;

    #[derive(Debug)]
    pub struct Lead<'a> {
        none: Infallible,
        _nest: PhantomData<&'a Nest>,
    }

    #[derive(Debug)]
    #[allow(dead_code)]
    pub(crate) enum Reclaimed {
        InUse,
        Asleep,
        Done,
    }

    impl Nest {
        pub fn new(_limit: SpinLimit) -> io::Result<Option<Arc<Nest>>> {
            Ok(None)
        }
        pub fn settle(self: &Arc<Self>, _choose: impl FnOnce() -> Handle) -> Handle {
            match **self {}
        }
        pub fn waker(&self) -> &Waker {
            match *self {}
        }
        pub fn try_lead(&self) -> Option<Lead<'_>> {
            match *self {}
        }
        pub fn is_leased(&self) -> bool {
            match *self {}
        }
        pub fn outlet(&self, _signal: &Signal) -> io::Result<OwnedFd> {
            match *self {}
        }
        pub fn open_outlet(_outlet: &OwnedFd) -> io::Result<()> {
            Ok(())
        }
        pub(crate) fn add(&self, _link: &Arc<Link>, _stream: BorrowedFd<'_>) -> io::Result<()> {
            match *self {}
        }
        pub fn give_back(&self) {
            match *self {}
        }
        pub(crate) fn touch(&self) {
            match *self {}
        }
        pub(crate) fn remember(&self, _link: &Arc<Link>) {
            match *self {}
        }
        pub(crate) fn remove(&self, _key: u64, _stream: BorrowedFd<'_>) {
            match *self {}
        }
        pub(crate) fn reconsider(&self) {
            match *self {}
        }
        pub(crate) fn serve(&self) -> bool {
            match *self {}
        }
        pub(crate) fn reclaim(&self) -> Reclaimed {
            match *self {}
        }
    }

    impl std::os::fd::AsRawFd for Nest {
        fn as_raw_fd(&self) -> std::os::fd::RawFd {
            match *self {}
        }
    }

    impl Lead<'_> {
        pub fn serve(&mut self) -> io::Result<Led> {
            match self.none {}
        }
        pub fn serve_others(&mut self) -> io::Result<Led> {
            match self.none {}
        }
        pub fn wait(&mut self, _timeout: Option<Duration>, _awake: impl FnOnce()) -> io::Result<Led> {
            match self.none {}
        }
        pub fn clear(&self) {
            match self.none {}
        }
    }

    /// The other one has something to do.
    impl Drop for Lead<'_> {
        fn drop(&mut self) {}
    }
}
