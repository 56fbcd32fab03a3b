//! Blocking: look, announce, look again, sleep. The thread that sleeps is woken by the network itself where it can be.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use ohmq_net::{Lead, Led, Nest};
use ohmq_proto::{Message, Outgoing};
use ohmq_queue::doorbell::{IN, OUT};
use ohmq_queue::mistake::{Mistake, planted};
use ohmq_queue::{Ticket, with_parker};
use ohmq_spec::ErrorCode;

use crate::core::{Look, Patience, SocketCore};
use crate::{Error, Events, Result, SendError};

/// When a call that may wait has to give up; `None` waits for ever.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) fn after(timeout: Option<Duration>) -> Self {
        // A time beyond what the clock can express is for ever.
        Deadline(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn is_over(self) -> bool {
        self.0.is_some_and(|at| at <= Instant::now())
    }
}

/// A moment of a socket's life, from [`Socket::mark`](crate::Socket::mark): an interrupt after it ends the calls that are
/// given it, whenever they begin. Bindings keep it as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterruptMark(u64);

impl From<u64> for InterruptMark {
    fn from(number: u64) -> Self {
        InterruptMark(number)
    }
}

impl From<InterruptMark> for u64 {
    fn from(mark: InterruptMark) -> Self {
        mark.0
    }
}

/// Why a wait ended without what it waited for.
enum Stop {
    TimedOut,
    /// [`SocketCore::interrupt`] was called.
    Interrupted,
    /// A signal handler ran in this thread.
    Signalled,
    Failed(Error),
}

impl SocketCore {
    /// Sends, waiting for room, a message that was just refused.
    #[inline(never)]
    pub(crate) fn send_waiting(
        &self,
        mut message: Outgoing<'_>,
        timeout: Option<Duration>,
        since: Option<InterruptMark>,
    ) -> Result<(), SendError> {
        let attempt = |look| match self.give(&mut message, Patience::Some, look) {
            Ok(false) => ControlFlow::Continue(()),
            other => ControlFlow::Break(other.map(drop)),
        };
        let result = self.block(OUT, timeout, since, OnSignal::of_call(since), attempt);
        self.outcome("send", result).map_err(|error| SendError { error, message: message.into() })
    }

    /// Receives into `into`, waiting for a message when there was none just now.
    #[inline(never)]
    pub(crate) fn recv_waiting(
        &self,
        into: &mut Message,
        timeout: Option<Duration>,
        since: Option<InterruptMark>,
    ) -> Result<()> {
        let attempt = |look| match self.take(into, look) {
            Ok(false) => ControlFlow::Continue(()),
            other => ControlFlow::Break(other.map(drop)),
        };
        let result = self.block(IN, timeout, since, OnSignal::of_call(since), attempt);
        self.outcome("receive", result)
    }

    fn outcome<T>(&self, operation: &'static str, result: std::result::Result<Result<T>, Stop>) -> Result<T> {
        result.unwrap_or_else(|stop| {
            Err(match stop {
                Stop::TimedOut => self.would_block(operation),
                Stop::Interrupted | Stop::Signalled => interrupted(operation, self),
                Stop::Failed(error) => error,
            })
        })
    }

    /// Waits until something of `wanted` is possible, the time is over (nothing is ready), or the thread is interrupted
    /// by a signal (`EINTR`).
    pub(crate) fn wait_ready(
        &self,
        wanted: Events,
        timeout: Option<Duration>,
        since: Option<InterruptMark>,
    ) -> Result<Events> {
        let attempt = |look| match self.ready(wanted, look) {
            Ok(ready) if ready.is_empty() => ControlFlow::Continue(()),
            other => ControlFlow::Break(other),
        };
        match self.block(wanted.interest(), timeout, since, OnSignal::Stop, attempt) {
            Err(Stop::TimedOut) => Ok(Events::NONE),
            result => self.outcome("poll", result),
        }
    }

    /// Calls `attempt` until it breaks, announcing itself before the last look, and sleeping between the calls until something happened.
    ///
    /// One waiting thread leads: it polls the socket's nest and so is woken by the network. The others sleep on the
    /// doorbell, and are rung when the leader leaves, so that one of them leads on.
    fn block<T>(
        &self,
        interest: u8,
        timeout: Option<Duration>,
        since: Option<InterruptMark>,
        on_signal: OnSignal,
        mut attempt: impl FnMut(Look) -> ControlFlow<T>,
    ) -> std::result::Result<T, Stop> {
        let wait = Wait {
            core: self,
            interest,
            deadline: Deadline::after(timeout),
            before: since.unwrap_or_else(|| self.mark()),
            on_signal,
        };
        loop {
            let step = match self.lead_or_nest(wait.on_signal) {
                Ways::Lead(nest, lead) => {
                    let step = wait.lead(nest, lead, &mut attempt);
                    // The lead is free again; somebody else may be waiting for it.
                    self.doorbell.ring(IN | OUT);
                    step
                }
                Ways::Follow => wait.follow(&mut attempt),
                Ways::Fail(stop) => return Err(stop),
            };
            match step {
                ControlFlow::Break(result) => return result,
                ControlFlow::Continue(()) => {}
            }
        }
    }

    fn lead_or_nest(&self, on_signal: OnSignal) -> Ways<'_> {
        // Only a poller is interrupted by signals, so who wants to hear of them needs one.
        let nest = match on_signal {
            OnSignal::Stop => match self.nest_for_wait() {
                Ok(nest) => nest,
                Err(stop) => return Ways::Fail(stop),
            },
            OnSignal::StopIfHeard | OnSignal::Resume => self.nest(),
        };
        match nest.and_then(|nest| Some((nest, nest.try_lead()?))) {
            Some((nest, lead)) => Ways::Lead(nest, lead),
            None => Ways::Follow,
        }
    }

    fn nest_for_wait(&self) -> std::result::Result<Option<&std::sync::Arc<Nest>>, Stop> {
        self.make_nest()
            .map_err(|error| Stop::Failed(Error::from_io(&error, "poll", self.socket_type.name())))
    }
}

/// How a thread can wait.
enum Ways<'a> {
    Lead(&'a Nest, Lead<'a>),
    Follow,
    Fail(Stop),
}

/// What a signal handler that ran in the waiting thread means for the wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnSignal {
    Stop,
    /// Stop, but make no poller for the sake of hearing of it.
    StopIfHeard,
    Resume,
}

impl OnSignal {
    /// Who looks at something else between calls, and so has a mark, may look because of a signal too.
    fn of_call(since: Option<InterruptMark>) -> Self {
        if since.is_some() { OnSignal::StopIfHeard } else { OnSignal::Resume }
    }
}

struct Wait<'a> {
    core: &'a SocketCore,
    interest: u8,
    deadline: Deadline,
    before: InterruptMark,
    on_signal: OnSignal,
}

impl Wait<'_> {
    /// Waits in the nest's poller. Never continues: the lead is kept until the wait is over.
    fn lead<T>(
        &self,
        nest: &Nest,
        mut lead: Lead<'_>,
        attempt: &mut impl FnMut(Look) -> ControlFlow<T>,
    ) -> ControlFlow<std::result::Result<T, Stop>> {
        let mut served = false;
        let mut waited = false;
        loop {
            // What was served is nearly always what this thread waits for; then there is nothing to announce.
            if served && let ControlFlow::Break(result) = attempt(Look::Passing) {
                return ControlFlow::Break(Ok(result));
            }
            let mut ticket = Some(self.core.doorbell.register(self.interest, nest.waker()));
            if planted(Mistake::LeaderUnannounced) {
                ticket = None;
            }
            if let ControlFlow::Break(result) = attempt(Look::Last) {
                return ControlFlow::Break(Ok(result));
            }
            self.check_mark()?;
            // Even who has no time looks at the network once: nobody else does while it leads.
            if waited {
                self.check_deadline()?;
            }
            // What this thread serves itself must not ring for it.
            let led = lead.wait(self.deadline.left(), || drop(ticket.take()));
            waited = true;
            served = matches!(led, Ok(Led::Served));
            match led {
                Ok(Led::Interrupted) if self.on_signal != OnSignal::Resume => {
                    return ControlFlow::Break(Err(Stop::Signalled));
                }
                Ok(_) => {}
                Err(error) => {
                    let error = Error::from_io(&error, "poll", self.core.socket_type.name());
                    return ControlFlow::Break(Err(Stop::Failed(error)));
                }
            }
        }
    }

    /// Waits on the doorbell until it rings once.
    fn follow<T>(
        &self,
        attempt: &mut impl FnMut(Look) -> ControlFlow<T>,
    ) -> ControlFlow<std::result::Result<T, Stop>> {
        let limit = self.core.spin;
        with_parker(|parker| {
            let expectation = self.core.expect(self.interest);
            let watched = expectation.is_some();
            if let Some(expectation) = expectation
                && parker.spin(limit.bounded(), self.deadline.left(), || expectation.is_met())
            {
                expectation.let_it_run();
                if let ControlFlow::Break(result) = attempt(Look::Passing) {
                    return ControlFlow::Break(Ok(result));
                }
            }
            let _ticket: Ticket = self.core.doorbell.register(self.interest, parker.waker());
            if !planted(Mistake::FollowerLooksOnce)
                && let ControlFlow::Break(result) = attempt(Look::Last)
            {
                return ControlFlow::Break(Ok(result));
            }
            self.check_mark()?;
            self.check_deadline()?;
            // Who never sleeps waits here. And if there are no links only another thread of this process can make room,
            // and it may be about to.
            if limit.is_forever() || self.interest == OUT && !watched && self.core.nest().is_none() {
                parker.spin(limit, self.deadline.left(), || false);
            }
            match self.deadline.0 {
                Some(at) => drop(parker.park_deadline(at)),
                None => parker.park(),
            }
            ControlFlow::Continue(())
        })
    }

    fn check_mark<T>(&self) -> ControlFlow<std::result::Result<T, Stop>> {
        if self.core.mark() != self.before {
            return ControlFlow::Break(Err(Stop::Interrupted));
        }
        ControlFlow::Continue(())
    }

    fn check_deadline<T>(&self) -> ControlFlow<std::result::Result<T, Stop>> {
        if self.deadline.is_over() {
            return ControlFlow::Break(Err(Stop::TimedOut));
        }
        ControlFlow::Continue(())
    }
}

fn interrupted(operation: &'static str, core: &SocketCore) -> Error {
    Error::new(ErrorCode::Eintr, operation, core.socket_type.name())
}
