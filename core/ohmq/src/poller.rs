//! Waiting for several sockets and descriptors at once.

use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use ohmq_net::{Signal, WaitResult, wait_readable};
use ohmq_queue::Ticket;
use ohmq_spec::ErrorCode;

use crate::core::{Look, SocketCore};
use crate::wait::Deadline;
use crate::{Error, Events, InterruptMark, Result, Socket};

/// A set of sockets and plain descriptors, each with the events it is watched for and a key of the caller's choice.
///
/// ```
/// use ohmq::{Context, Events, Poller, SocketType};
/// use std::time::Duration;
///
/// let context = Context::new();
/// let pull = context.socket(SocketType::Pull)?;
/// pull.bind("inproc://work")?;
/// let mut poller = Poller::new();
/// poller.add(&pull, Events::IN, 7);
/// assert!(poller.wait(Some(Duration::ZERO))?.is_empty());
///
/// let push = context.socket(SocketType::Push)?;
/// push.connect("inproc://work")?;
/// push.send("now")?;
/// assert_eq!(poller.wait(None)?, [(7, Events::IN)]);
/// # Ok::<(), ohmq::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Poller {
    sockets: Vec<(Arc<SocketCore>, Events, usize)>,
    descriptors: Vec<(RawFd, Events, usize)>,
}

impl Poller {
    /// A poller that watches nothing.
    pub fn new() -> Self {
        Poller::default()
    }

    /// Watches a socket; one that is watched already gets these events and this key instead.
    pub fn add(&mut self, socket: &Socket, events: Events, key: usize) {
        self.remove(socket);
        self.sockets.push((Arc::clone(socket.core()), events, key));
    }

    /// Watches a descriptor that is not a socket of this library. It must stay open while it is watched.
    pub fn add_fd(&mut self, descriptor: RawFd, events: Events, key: usize) {
        self.remove_fd(descriptor);
        self.descriptors.push((descriptor, events, key));
    }

    /// Stops watching a socket; says whether it was watched.
    pub fn remove(&mut self, socket: &Socket) -> bool {
        let before = self.sockets.len();
        self.sockets.retain(|(core, ..)| !Arc::ptr_eq(core, socket.core()));
        self.sockets.len() != before
    }

    /// Stops watching a descriptor; says whether it was watched.
    pub fn remove_fd(&mut self, descriptor: RawFd) -> bool {
        let before = self.descriptors.len();
        self.descriptors.retain(|(other, ..)| *other != descriptor);
        self.descriptors.len() != before
    }

    /// Waits until something is ready and says what, with the keys given to `add`; empty when the time is over.
    /// `None` waits for ever, zero only looks.
    ///
    /// # Errors
    ///
    /// `ETERM` when the context of a socket ends, `ENOTSOCK` when a socket is closed, `EINTR` on a signal or an
    /// interrupt, `EBADF` for a closed descriptor.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<Vec<(usize, Events)>> {
        self.wait_until(timeout, &self.marks())
    }

    /// As [`Poller::wait`], ended also by an interrupt of `socket`, if it is watched, since `mark`; see [`Socket::mark`].
    ///
    /// # Errors
    ///
    /// As [`Poller::wait`].
    pub fn wait_since(
        &self,
        socket: &Socket,
        mark: InterruptMark,
        timeout: Option<Duration>,
    ) -> Result<Vec<(usize, Events)>> {
        let mut marks = self.marks();
        if let Some(at) = self.sockets.iter().position(|(core, ..)| Arc::ptr_eq(core, socket.core())) {
            marks[at] = mark;
        }
        self.wait_until(timeout, &marks)
    }

    fn wait_until(&self, timeout: Option<Duration>, marks: &[InterruptMark]) -> Result<Vec<(usize, Events)>> {
        let deadline = Deadline::after(timeout);
        let ready = self.look(Look::Passing)?;
        if !ready.is_empty() || timeout == Some(Duration::ZERO) {
            return Ok(ready);
        }
        let signal = Signal::new().map_err(|error| Error::from_io(&error, "poll", ""))?;
        let mut tickets: Vec<Ticket> = self
            .sockets
            .iter()
            .map(|(core, events, _)| core.doorbell.register(events.interest(), &signal.waker()))
            .collect();
        loop {
            let mut more = false;
            self.sockets.iter().for_each(|(core, ..)| more |= core.lead_and_serve());
            let ready = self.look(Look::Last)?;
            if !ready.is_empty() {
                return Ok(ready);
            }
            if self.marks() != marks {
                return Err(Error::new(ErrorCode::Eintr, "poll", ""));
            }
            if deadline.is_over() {
                return Ok(ready);
            }
            let mut others = self.wishes();
            // A nest whose lease an application thread has is served by whoever waits.
            others.extend(self.nests());
            let left = if more { Some(Duration::ZERO) } else { deadline.left() };
            let result = wait_readable(&signal, &mut others, left);
            match result.map_err(|error| Error::from_io(&error, "poll", ""))? {
                WaitResult::Interrupted => return Err(Error::new(ErrorCode::Eintr, "poll", "")),
                WaitResult::TimedOut | WaitResult::Ready => {}
            }
            signal.clear();
            for (ticket, (_, events, _)) in tickets.iter_mut().zip(&self.sockets) {
                ticket.update(events.interest(), &signal.waker());
            }
        }
    }

    fn marks(&self) -> Vec<InterruptMark> {
        self.sockets.iter().map(|(core, ..)| core.mark()).collect()
    }

    /// What is ready now.
    fn look(&self, look: Look) -> Result<Vec<(usize, Events)>> {
        let mut found = Vec::new();
        for (core, events, key) in &self.sockets {
            let ready = core.ready_now(*events, look)?;
            if !ready.is_empty() {
                found.push((*key, ready));
            }
        }
        if !self.descriptors.is_empty() {
            let signal = Signal::new().map_err(|error| Error::from_io(&error, "poll", ""))?;
            let mut others = self.wishes();
            let result = wait_readable(&signal, &mut others, Some(Duration::ZERO));
            if result.map_err(|error| Error::from_io(&error, "poll", ""))? == WaitResult::Ready {
                for ((_, read, write), (.., key)) in others.iter().zip(&self.descriptors) {
                    let ready = Events::from_bits(u32::from(*read) | u32::from(*write) << 1);
                    if !ready.is_empty() {
                        found.push((*key, ready));
                    }
                }
            }
        }
        Ok(found)
    }

    fn nests(&self) -> impl Iterator<Item = (RawFd, bool, bool)> {
        self.sockets.iter().filter_map(|(core, ..)| core.nest()).map(|nest| (nest.as_raw_fd(), true, false))
    }

    fn wishes(&self) -> Vec<(RawFd, bool, bool)> {
        self.descriptors.iter().map(|(fd, events, _)| (*fd, events.readable(), events.writable())).collect()
    }
}
