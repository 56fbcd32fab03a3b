//! The shared part of a socket: its lock, its doorbell, and the calls every front end is made of.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Arc, OnceLock, PoisonError, Weak};
use std::time::Duration;

use ohmq_net::{Led, Link, Nest, Owner, Signal};
use ohmq_proto::output::REFERENCED;
use ohmq_proto::{Message, Outgoing, Pattern, RouteError};
use ohmq_queue::mistake::{Mistake, in_order, planted};
use ohmq_queue::sync::{AtomicBool, AtomicU32, AtomicU64, Mutex, MutexGuard, Ordering};
use ohmq_queue::{Doorbell, Lock, LockGuard, SpinLimit, Ticket};
use ohmq_spec::{ErrorCode, SocketOption, SocketType};

use super::effects::Outcome;
use super::inner::{Attempt, Inner, Refusal};
use super::pace::{Glimpse, Tick};
use super::pipes::Look;
use super::run::Run;
use crate::context::ContextCore;
use crate::inproc::Expectation;
use crate::options::{self, Change, Options};
use crate::{Error, Events, InterruptMark, OptionValue, Result, Stats};

/// One socket, shared by all its handles, its links and the futures that wait on it. Its neighbour in memory is often
/// another thread's.
#[repr(align(128))]
pub(crate) struct SocketCore {
    pub(super) me: Weak<SocketCore>,
    pub(super) context: Arc<ContextCore>,
    pub(crate) socket_type: SocketType,
    pub(crate) doorbell: Doorbell,
    pub(super) inner: Lock<Inner>,
    /// Whether a run of sends went on when somebody looked last: spares those who have none the look.
    pub(super) sends_run: AtomicBool,
    /// What the ticks see of a stream without the lock.
    pub(super) glimpse: Glimpse,
    closed: AtomicBool,
    /// The process this socket belongs to; a forked child must leave it alone.
    generation: u32,
    /// The process in which calls are welcome: the same, or none once the socket or its context has ended.
    welcome_in: AtomicU32,
    interrupts: AtomicU64,
    /// How long who waits here looks before it sleeps.
    pub(crate) spin: SpinLimit,
    /// The poller of this socket's links, once it has any; `None` inside where pollers do not nest.
    nest: OnceLock<Option<Arc<Nest>>>,
    outlet: Mutex<Option<Outlet>>,
}

/// Whether a call may take a moment longer than it has to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Patience {
    None,
    Some,
}

/// Why a call fails, before there are words for it: what passes messages returns nothing larger than a register.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    Closed,
    Terminated,
    Refused(RouteError),
}

/// No process: so many forks there never are.
const NO_PROCESS: u32 = u32::MAX;

/// How long a sender that is far ahead of the network waits for it.
const PAUSE: Duration = Duration::from_millis(1);

/// Looks at the network in a row before an event loop goes on.
const TURNS: usize = 4;

/// For so many bytes a sender waits a [`PAUSE`] more, before it copies what is left of them.
const WORTH_A_PAUSE: usize = 1024 * 1024;

/// What foreign event loops watch.
#[derive(Debug)]
struct Outlet {
    signal: Arc<Signal>,
    /// The nest and the signal together; without a nest the signal alone is watched.
    descriptor: Option<OwnedFd>,
    /// The signal's place at the doorbell while it is armed.
    armed: Option<Ticket>,
}

impl SocketCore {
    pub(crate) fn new(
        context: Arc<ContextCore>,
        socket_type: SocketType,
        options: Options,
        spin: SpinLimit,
    ) -> Arc<Self> {
        let pattern = Pattern::new(socket_type, crate::context::entropy());
        let inner = Inner::new(pattern, options, Arc::clone(context.live()));
        Arc::new_cyclic(|me| SocketCore {
            me: Weak::clone(me),
            context,
            socket_type,
            doorbell: Doorbell::new(),
            inner: Lock::new(inner),
            sends_run: AtomicBool::new(false),
            glimpse: Glimpse::default(),
            closed: AtomicBool::new(false),
            generation: ohmq_net::fork_generation(),
            welcome_in: AtomicU32::new(ohmq_net::fork_generation()),
            interrupts: AtomicU64::new(0),
            spin,
            nest: OnceLock::new(),
            outlet: Mutex::new(None),
        })
    }

    /// Sends without waiting; says whether there was room. When the message was accepted, what is left in its place is
    /// to be dropped.
    #[inline]
    pub(crate) fn give(&self, message: &mut Outgoing<'_>, patience: Patience, look: Look) -> Result<bool> {
        self.pass(message, patience, look).map_err(|trouble| self.error("send", trouble))
    }

    #[inline(never)]
    fn pass(
        &self,
        message: &mut Outgoing<'_>,
        patience: Patience,
        look: Look,
    ) -> std::result::Result<bool, Trouble> {
        self.look()?;
        if let Outgoing::Borrowed(body) = message
            && body.len() >= REFERENCED
            && self.send_directly(body, patience)
        {
            return Ok(true);
        }
        let mut attempt = Attempt::First;
        loop {
            let mut inner = self.lock();
            if inner.drop_unwanted(message.first()) {
                return Ok(true);
            }
            inner.table.look = look;
            inner.table.pace.on_call(|| message.made());
            let sent = match message.body() {
                Some(body) if inner.send_body(body) => Ok(()),
                _ => inner.send(message.message(), attempt),
            };
            let runs = matches!(inner.run, Run::Sending(..));
            if self.sends_run.load(Ordering::Relaxed) != runs {
                self.sends_run.store(runs, Ordering::Relaxed);
            }
            if inner.is_quiet() {
                drop(inner);
            } else {
                self.end_sending(inner, patience);
            }
            match sent {
                Ok(()) => return Ok(true),
                Err(Refusal::Again) if attempt == Attempt::First => attempt = Attempt::Last,
                Err(Refusal::Again | Refusal::Final(RouteError::WouldBlock)) => return Ok(false),
                Err(Refusal::Final(refusal)) => return Err(Trouble::Refused(refusal)),
            }
        }
    }

    /// Writes a large body from where it lies, if nobody else writes to its peer. What the kernel does not take in time is
    /// copied. A patient sender waits for the kernel rather than copy, but only where that helps: the peer may be this very
    /// thread.
    #[inline(never)]
    fn send_directly(&self, body: &[u8], patience: Patience) -> bool {
        let Some(mut direct) = self.with(|inner| inner.begin_direct(body)) else { return false };
        let mut waits = 1 + body.len() / WORTH_A_PAUSE;
        while !direct.write(body) {
            if patience == Patience::None || waits == 0 || !self.lock().table.pace.may_pause() {
                break;
            }
            waits -= 1;
            let helped = direct.wait(PAUSE);
            self.lock().table.pace.on_pause(helped);
        }
        direct.end(body);
        true
    }

    /// Ends a turn of sending in which there is something to be done.
    #[cold]
    pub(super) fn end_sending(&self, inner: LockGuard<'_, Inner>, patience: Patience) {
        let timed = inner.table.pace.is_timed();
        if inner.table.ends_burst() {
            self.glimpse.on_batch();
        }
        let outcome = self.settle(inner);
        if outcome.far_ahead && patience == Patience::Some {
            self.fall_back();
        }
        if outcome.wrote && timed {
            // The next send is measured against the end of this one.
            self.lock().table.pace.on_written();
        }
    }

    /// This sender is far ahead of the network. It serves it for a moment, instead of filling memory that will be cold
    /// when it is written. Not for long, and ever more rarely while it does not help: the peer may be this very thread.
    #[cold]
    fn fall_back(&self) {
        if !self.lock().table.pace.may_pause() {
            return;
        }
        let Some(nest) = self.nest() else { return };
        let leased = nest.is_leased();
        let Some(mut lead) = nest.try_lead() else { return };
        let helped = matches!(lead.wait(Some(PAUSE), || ()), Ok(Led::Served));
        drop(lead);
        if leased {
            // The lead is free again; somebody else may be waiting for it.
            self.ring_all();
        } else {
            // It may not be back soon, and the rest must not wait for that.
            nest.give_back();
        }
        self.lock().table.pace.on_pause(helped);
    }

    /// Receives into `into` without waiting; says whether there was a message.
    #[inline]
    pub(crate) fn take(&self, into: &mut Message, look: Look) -> Result<bool> {
        self.fetch(into, look).map_err(|trouble| self.error("receive", trouble))
    }

    /// The same without words for what goes wrong.
    fn fetch(&self, into: &mut Message, look: Look) -> std::result::Result<bool, Trouble> {
        self.look()?;
        let mut inner = self.inner.lock();
        if inner.run_recv(into) {
            return Ok(true);
        }
        self.fetch_the_long_way(inner, into, look)
    }

    #[inline(never)]
    fn fetch_the_long_way(
        &self,
        mut inner: LockGuard<'_, Inner>,
        into: &mut Message,
        look: Look,
    ) -> std::result::Result<bool, Trouble> {
        inner.run = Run::Nothing;
        inner.table.look = look;
        let found = inner.recv(into);
        if !inner.is_quiet() {
            self.settle(inner);
        }
        found.map_err(Trouble::Refused)
    }

    /// How a call looks for room that found none and does not wait itself. An event loop may wait afterwards: it has armed the
    /// descriptor, which said "writable", but because of another peer than the one that this message is for.
    pub(crate) fn look_for_room(&self) -> Look {
        let armed = self.doorbell.has_waiters(Events::OUT.interest());
        if armed { Look::Last } else { Look::Passing }
    }

    /// What a thread that waits for a message, or for room, can watch instead of being woken.
    pub(crate) fn expect(&self, interest: u8) -> Option<Expectation> {
        if self.nest().is_some() {
            return None;
        }
        let mut inner = self.lock();
        if interest == Events::OUT.interest() {
            return inner.expect_room();
        }
        // The sender tells nobody meanwhile, so nobody else may be waiting. Who begins to wait looks under the lock after
        // this, and then the sender is asked to tell again.
        let alone = interest == Events::IN.interest()
            && (planted(Mistake::InprocExpectsForOthers) || !self.doorbell.has_waiters(interest));
        if alone { inner.expect_message() } else { None }
    }

    /// The answer of a call that found nothing.
    #[cold]
    pub(crate) fn would_block(&self, operation: &'static str) -> Error {
        self.error(operation, Trouble::Refused(RouteError::WouldBlock))
    }

    /// What of `wanted` is possible now.
    pub(crate) fn ready(&self, wanted: Events, look: Look) -> Result<Events> {
        self.usable("poll")?;
        Ok(self.with(|inner| {
            inner.table.look = look;
            inner.ready(wanted)
        }))
    }

    /// The same with a look at the network, if nobody else looks.
    pub(crate) fn ready_now(&self, wanted: Events, look: Look) -> Result<Events> {
        let ready = self.ready(wanted, look)?;
        if ready == wanted || !self.pump() { Ok(ready) } else { self.ready(wanted, look) }
    }

    /// Serves what the network has for this socket, if nobody else would: the I/O thread does unless an application
    /// thread has the lease, and one that leads now does itself. True when something may have changed.
    pub(crate) fn pump(&self) -> bool {
        let Some(nest) = self.nest().filter(|nest| nest.is_leased()) else { return false };
        let Some(mut lead) = nest.try_lead() else { return false };
        matches!(lead.serve(), Ok(Led::Served))
    }

    /// Serves what the network has for this socket and takes the lease, for a thread that is about to wait for its nest
    /// to become readable. True when there may be more: then it must not wait.
    pub(crate) fn lead_and_serve(&self) -> bool {
        let lead = self.nest().and_then(|nest| nest.try_lead());
        lead.is_some_and(|mut lead| matches!(lead.serve(), Ok(Led::Served)))
    }

    /// Lets the I/O thread serve this socket again, because nobody here is going to.
    pub(crate) fn give_back(&self) {
        if let Some(nest) = self.nest() {
            nest.give_back();
        }
    }

    /// Whether this socket has had anything but inproc peers.
    #[inline(always)]
    pub(super) fn has_links(&self) -> bool {
        self.nest.get().is_some()
    }

    /// The poller of this socket's links, if it has any and pollers nest here.
    #[inline]
    pub(crate) fn nest(&self) -> Option<&Arc<Nest>> {
        self.nest.get().and_then(Option::as_ref)
    }

    /// The same, made if it was not there.
    pub(crate) fn make_nest(&self) -> io::Result<Option<&Arc<Nest>>> {
        if let Some(nest) = self.nest.get() {
            return Ok(nest.as_ref());
        }
        let made = Nest::new(self.spin)?;
        Ok(self.nest.get_or_init(|| made).as_ref())
    }

    pub(crate) fn set(&self, option: SocketOption, value: &OptionValue) -> Result<()> {
        self.usable("set")?;
        self.with(|inner| {
            match inner.options.set(option, value)? {
                Change::Nothing => {}
                Change::Marks => inner.apply_marks(),
                Change::Pattern(change) => inner.pattern.set(change),
                Change::Subscribe(topic) => {
                    if inner.pattern.subscribe(&topic) {
                        inner.tell_all(true, &topic);
                    }
                }
                Change::Unsubscribe(topic) => {
                    if inner.pattern.unsubscribe(&topic) {
                        inner.tell_all(false, &topic);
                    }
                }
            }
            Ok(())
        })
    }

    pub(crate) fn get(&self, option: SocketOption) -> Result<OptionValue> {
        self.usable("get")?;
        options::readable(option, self.socket_type)?;
        match option {
            SocketOption::Fd => Ok(OptionValue::Int(self.descriptor()?)),
            SocketOption::Events => {
                Ok(OptionValue::Int(self.ready_now(Events::IN | Events::OUT, Look::Passing)?.bits() as i32))
            }
            SocketOption::LastEndpoint => Ok(OptionValue::Text(self.last_endpoint())),
            SocketOption::TopicsCount => {
                Ok(OptionValue::Int(self.with(|inner| inner.pattern.topics_count()) as i32))
            }
            _ => self.with(|inner| inner.options.get(option)),
        }
    }

    pub(crate) fn last_endpoint(&self) -> String {
        self.with(|inner| inner.last_endpoint.clone())
    }

    pub(crate) fn timeouts(&self) -> (i32, i32) {
        self.with(|inner| (inner.options.send_timeout, inner.options.recv_timeout))
    }

    pub(crate) fn stats(&self) -> Stats {
        self.with(|inner| inner.stats())
    }

    /// The descriptor of this socket, made when it is first asked for. Readable at first: whoever waits looks at the
    /// events once before it trusts the descriptor.
    pub(crate) fn descriptor(&self) -> Result<RawFd> {
        let mut place = self.lock_outlet();
        let outlet = self.outlet(&mut place).map_err(|error| Error::from_io(&error, "get", "ZMQ_FD"))?;
        Ok(outlet.descriptor.as_ref().map_or_else(|| outlet.signal.as_raw_fd(), AsRawFd::as_raw_fd))
    }

    /// Clears the descriptor, then says what is ready; if nothing is, the descriptor becomes readable when that changes.
    pub(crate) fn arm(&self, wanted: Events) -> Result<Events> {
        self.usable("poll")?;
        {
            let mut place = self.lock_outlet();
            let outlet = self.outlet(&mut place).map_err(|error| Error::from_io(&error, "poll", "ZMQ_FD"))?;
            outlet.signal.clear();
            outlet.armed = Some(self.doorbell.register(wanted.interest(), &outlet.signal.waker()));
        }
        // Announced first, so a change from here on raises the descriptor.
        let ready = self.ready(wanted, Look::Last)?;
        let Some(mut lead) = self.nest().and_then(|nest| nest.try_lead()).filter(|_| ready.is_empty()) else {
            return Ok(ready);
        };
        // The loop's own thread serves the network: what is left in the nest keeps the descriptor readable.
        lead.clear();
        for _ in 0..TURNS {
            if !matches!(lead.serve(), Ok(Led::Served)) {
                return Ok(Events::NONE);
            }
            let ready = self.ready(wanted, Look::Last)?;
            if !ready.is_empty() {
                return Ok(ready);
            }
        }
        // A lot comes in that is not wanted. The loop has other things to do, and comes back.
        if let Some(outlet) = self.lock_outlet().as_ref() {
            outlet.signal.raise();
        }
        Ok(Events::NONE)
    }

    /// Ends every blocked call on this socket with `EINTR`.
    pub(crate) fn interrupt(&self) {
        let mark = || _ = self.interrupts.fetch_add(1, Ordering::SeqCst);
        in_order(Mistake::InterruptRingsFirst, mark, || self.ring_all());
    }

    /// What changes with every interrupt.
    pub(crate) fn mark(&self) -> InterruptMark {
        self.interrupts.load(Ordering::SeqCst).into()
    }

    /// Calls on this socket fail from now on, blocked ones too, because its context has ended.
    pub(crate) fn end_calls(&self) {
        self.turn_away();
        self.ring_all();
    }

    fn turn_away(&self) {
        self.welcome_in.store(NO_PROCESS, Ordering::SeqCst);
    }

    /// Wakes everybody who waits on this socket.
    fn ring_all(&self) {
        self.doorbell.ring((Events::IN | Events::OUT).interest());
    }

    /// Closes the socket; `true` the first time.
    pub(crate) fn close(&self) -> bool {
        if self.is_inherited() || self.closed.swap(true, Ordering::SeqCst) {
            return false;
        }
        self.turn_away();
        self.close_endpoints();
        self.give_back();
        self.ring_all();
        self.open_outlet();
        self.context.live().leave_socket();
        true
    }

    /// Who watches the descriptor, or a copy of it, learns of the end, however late it looks.
    fn open_outlet(&self) {
        if let Some(Outlet { descriptor: Some(descriptor), .. }) = self.lock_outlet().as_ref() {
            // Without descriptors for it the signal has to do, for as long as it is there.
            let _ = Nest::open_outlet(descriptor);
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Fails when the socket, its context, or the process it belongs to is gone.
    #[inline]
    pub(crate) fn usable(&self, operation: &'static str) -> Result<()> {
        self.look().map_err(|trouble| self.error(operation, trouble))
    }

    /// The same without words for what is wrong.
    #[inline(always)]
    fn look(&self) -> std::result::Result<(), Trouble> {
        if self.is_welcome() { Ok(()) } else { self.find_trouble() }
    }

    #[inline(always)]
    pub(super) fn is_welcome(&self) -> bool {
        self.welcome_in.load(Ordering::Relaxed) == ohmq_net::fork_generation()
    }

    #[cold]
    fn find_trouble(&self) -> std::result::Result<(), Trouble> {
        if self.closed.load(Ordering::Relaxed) || self.is_inherited() {
            return Err(Trouble::Closed);
        }
        if self.context.is_terminated() {
            return Err(Trouble::Terminated);
        }
        Ok(())
    }

    /// Whether a fork lies between the process that made this socket and this one.
    fn is_inherited(&self) -> bool {
        self.generation != ohmq_net::fork_generation()
    }

    /// Runs `act` under the lock and carries out its effects afterwards.
    #[inline]
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut Inner) -> R) -> R {
        let mut inner = self.lock();
        let result = act(&mut inner);
        if !inner.is_quiet() {
            self.settle(inner);
        }
        result
    }

    /// Ends a turn under the lock: what was seen meanwhile is attended to, the effects are carried out without the lock.
    /// Says what came of them.
    #[cold]
    pub(super) fn settle(&self, mut inner: LockGuard<'_, Inner>) -> Outcome {
        inner.catch_up();
        let effects = std::mem::take(&mut inner.table.effects);
        drop(inner);
        let outcome = effects.run(&self.doorbell);
        if outcome.others {
            self.serve_others();
        }
        outcome
    }

    /// Has those of its peers heard that it does not know to have something. It takes the lease, if nobody has it: it receives
    /// without a pause, and the I/O thread would have to find a CPU first.
    #[cold]
    fn serve_others(&self) {
        if let Some(mut lead) = self.nest().and_then(|nest| nest.try_lead()) {
            // A poller that fails does so for whoever waits too, who says it.
            let _ = lead.serve_others();
        }
    }

    pub(crate) fn attend_inproc(&self, key: u64) {
        self.with(|inner| inner.attend_inproc(key));
    }

    /// The words for it.
    #[cold]
    pub(crate) fn error(&self, operation: &'static str, trouble: Trouble) -> Error {
        let code = match trouble {
            Trouble::Closed => ErrorCode::Enotsock,
            Trouble::Terminated => ErrorCode::Eterm,
            Trouble::Refused(RouteError::WouldBlock) => ErrorCode::Eagain,
            Trouble::Refused(RouteError::WrongState) => ErrorCode::Efsm,
            Trouble::Refused(RouteError::HostUnreachable) => ErrorCode::Ehostunreach,
            Trouble::Refused(RouteError::NotSupported) => ErrorCode::Enotsup,
        };
        let error = Error::new(code, operation, self.socket_type.name());
        if trouble == Trouble::Closed { error.because("the socket is closed") } else { error }
    }

    /// Takes the lock for anything but sending or receiving one more message.
    #[inline]
    fn lock(&self) -> LockGuard<'_, Inner> {
        let mut inner = self.inner.lock();
        if !planted(Mistake::RunGoesOn) {
            inner.run = Run::Nothing;
        }
        inner
    }

    fn lock_outlet(&self) -> MutexGuard<'_, Option<Outlet>> {
        self.outlet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outlet<'a>(&self, place: &'a mut Option<Outlet>) -> io::Result<&'a mut Outlet> {
        if place.is_none() {
            let signal = Signal::new()?;
            signal.raise();
            let descriptor = self.make_nest()?.map(|nest| nest.outlet(&signal)).transpose()?;
            *place = Some(Outlet { signal, descriptor, armed: None });
        }
        place.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Owner for SocketCore {
    fn adopt(&self, listener: u64, link: Arc<Link>) {
        self.with(|inner| inner.adopt(listener, link));
    }

    fn attend(&self, link: &Arc<Link>) {
        self.with(|inner| inner.attend(link));
    }

    fn readable(&self, link: &Arc<Link>) {
        self.with(|inner| inner.readable(link));
    }

    fn nest(&self) -> Option<Arc<Nest>> {
        SocketCore::nest(self).cloned()
    }

    fn ring(&self, bits: u8) {
        self.doorbell.ring(bits);
    }

    fn tick(&self) -> Option<Duration> {
        let tick = match self.glimpse.goes_on() {
            true => Tick::WriteOld,
            false => self.with(|inner| inner.table.tick()),
        };
        (tick != Tick::End).then(|| self.glimpse.pause(tick == Tick::WriteOld))
    }

    fn finished(&self, link: &Arc<Link>) {
        self.with(|inner| {
            let before = inner.lingering.len();
            inner.lingering.retain(|other| !Arc::ptr_eq(other, link));
            if inner.lingering.len() != before {
                let mut counters = link.counters();
                counters.recv_queued = 0;
                inner.table.bury(&counters);
            }
        });
        self.context.live().leave();
    }
}

impl std::fmt::Debug for SocketCore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SocketCore").field("type", &self.socket_type.name()).finish_non_exhaustive()
    }
}
