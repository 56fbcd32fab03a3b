//! Blocking: try, announce, try again, sleep.

use std::time::{Duration, Instant};

use ohmq_net::{Signal, WaitResult, wait_readable};
use ohmq_proto::Message;
use ohmq_queue::with_parker;
use ohmq_spec::ErrorCode;

use crate::core::SocketCore;
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

impl SocketCore {
    /// Sends, waiting for room if need be.
    pub(crate) fn send_waiting(&self, message: Message, timeout: Option<Duration>) -> Result<(), SendError> {
        match self.try_send(message) {
            Err(refused) if refused.error.code() == ErrorCode::Eagain => self.send_parked(refused, timeout),
            other => other,
        }
    }

    /// Receives, waiting for a message if need be.
    pub(crate) fn recv_waiting(&self, timeout: Option<Duration>) -> Result<Message> {
        match self.try_recv() {
            Err(error) if error.code() == ErrorCode::Eagain => self.recv_parked(error, timeout),
            other => other,
        }
    }

    /// Waits until something of `wanted` is possible, the time is over (nothing is ready), or the thread is interrupted
    /// by a signal (`EINTR`).
    pub(crate) fn wait_ready(&self, wanted: Events, timeout: Option<Duration>) -> Result<Events> {
        let ready = self.ready(wanted)?;
        if !ready.is_empty() || timeout == Some(Duration::ZERO) {
            return Ok(ready);
        }
        let deadline = Deadline::after(timeout);
        let before = self.interrupts();
        let signal =
            Signal::new().map_err(|error| Error::from_io(&error, "poll", self.socket_type.name()))?;
        let mut ticket = self.doorbell.register(wanted.interest(), &signal.waker());
        loop {
            let ready = self.ready(wanted)?;
            if !ready.is_empty() || deadline.is_over() {
                return Ok(ready);
            }
            self.check_interrupt(before, "poll")?;
            match wait_readable(&signal, &mut [], deadline.left()) {
                Ok(WaitResult::Interrupted) => return Err(interrupted("poll", self)),
                Ok(_) => {}
                Err(error) => return Err(Error::from_io(&error, "poll", self.socket_type.name())),
            }
            signal.clear();
            ticket.update(wanted.interest(), &signal.waker());
        }
    }

    fn send_parked(&self, mut refused: SendError, timeout: Option<Duration>) -> Result<(), SendError> {
        if timeout == Some(Duration::ZERO) {
            return Err(refused);
        }
        let deadline = Deadline::after(timeout);
        let before = self.interrupts();
        with_parker(|parker| {
            let mut ticket = self.doorbell.register(ohmq_queue::doorbell::OUT, parker.waker());
            loop {
                match self.try_send(refused.message) {
                    Err(again) if again.error.code() == ErrorCode::Eagain => refused = again,
                    other => return other,
                }
                if let Err(error) = self.check_interrupt(before, "send") {
                    return Err(SendError { error, ..refused });
                }
                if !park(parker, deadline) {
                    return Err(refused);
                }
                ticket.update(ohmq_queue::doorbell::OUT, parker.waker());
            }
        })
    }

    fn recv_parked(&self, refused: Error, timeout: Option<Duration>) -> Result<Message> {
        if timeout == Some(Duration::ZERO) {
            return Err(refused);
        }
        let deadline = Deadline::after(timeout);
        let before = self.interrupts();
        with_parker(|parker| {
            let mut ticket = self.doorbell.register(ohmq_queue::doorbell::IN, parker.waker());
            loop {
                let refused = match self.try_recv() {
                    Err(error) if error.code() == ErrorCode::Eagain => error,
                    other => return other,
                };
                self.check_interrupt(before, "receive")?;
                if !park(parker, deadline) {
                    return Err(refused);
                }
                ticket.update(ohmq_queue::doorbell::IN, parker.waker());
            }
        })
    }

    fn check_interrupt(&self, before: u64, operation: &'static str) -> Result<()> {
        if self.interrupts() == before { Ok(()) } else { Err(interrupted(operation, self)) }
    }
}

/// Sleeps until woken (`true`) or until the deadline.
fn park(parker: &ohmq_queue::Parker, deadline: Deadline) -> bool {
    match deadline.0 {
        Some(at) => parker.park_deadline(at),
        None => {
            parker.park();
            true
        }
    }
}

fn interrupted(operation: &'static str, core: &SocketCore) -> Error {
    Error::new(ErrorCode::Eintr, operation, core.socket_type.name())
}
