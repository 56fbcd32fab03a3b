//! The socket that users hold.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use ohmq_proto::{Message, Outgoing};
use ohmq_spec::{SocketOption, SocketType};

use crate::core::{Look, Patience, SocketCore};
use crate::{Events, InterruptMark, OptionValue, RecvFuture, Result, SendError, SendFuture, Stats, options};

/// A ZeroMQ socket. Clones are the same socket; the last one closes it when it is dropped.
///
/// All methods may be called from any thread at any time. A closed socket answers `ENOTSOCK`, one whose context has
/// ended `ETERM`.
#[derive(Clone, Debug)]
pub struct Socket {
    owner: Arc<Owned>,
}

/// Closes the socket with its last handle; links and futures hold the core, not this.
#[derive(Debug)]
struct Owned {
    core: Arc<SocketCore>,
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.core.close();
    }
}

impl Socket {
    pub(crate) fn new(core: Arc<SocketCore>) -> Self {
        Socket { owner: Arc::new(Owned { core }) }
    }

    pub(crate) fn core(&self) -> &Arc<SocketCore> {
        &self.owner.core
    }

    /// The type it was made with.
    pub fn socket_type(&self) -> SocketType {
        self.core().socket_type
    }

    /// Listens on an endpoint and returns it with wildcards resolved: `tcp://127.0.0.1:*` gives `tcp://127.0.0.1:40213`.
    /// See zmq_tcp(7), zmq_ipc(7), zmq_inproc(7) for the forms. Looking up a host name may block.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a malformed endpoint, `EPROTONOSUPPORT` for an unknown transport, `EADDRINUSE`, `EADDRNOTAVAIL`,
    /// `ENODEV` for an unknown interface or host, `ENAMETOOLONG` for an ipc path beyond 107 bytes.
    pub fn bind(&self, endpoint: &str) -> Result<String> {
        self.core().bind(endpoint)
    }

    /// Connects to an endpoint, now or as soon as somebody binds it, and again whenever the connection is lost. Never
    /// blocks; network errors are retried and never reported here.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a malformed endpoint, `EPROTONOSUPPORT` for an unknown transport.
    pub fn connect(&self, endpoint: &str) -> Result<()> {
        self.core().connect(endpoint)
    }

    /// Stops listening on an endpoint, named as it was given or in its resolved form, and ends the connections it accepted.
    /// When this returns the address is free; that may take as long as the I/O thread is busy.
    ///
    /// # Errors
    ///
    /// `ENOENT` when the socket is not bound to it.
    pub fn unbind(&self, endpoint: &str) -> Result<()> {
        self.core().undo(endpoint, "unbind")
    }

    /// Ends a connection. What was received and not taken is dropped and counted; what was not sent lingers.
    ///
    /// # Errors
    ///
    /// `ENOENT` when the socket is not connected to it.
    pub fn disconnect(&self, endpoint: &str) -> Result<()> {
        self.core().undo(endpoint, "disconnect")
    }

    /// Sends a message, waiting at most `SNDTIMEO` for room: bytes (`&[u8]`, `&str`, `Vec<u8>`, ...) as one frame, arrays and
    /// vectors of them as several, or a [`Message`]. Borrowed bytes are copied before this returns, short ones in a stream
    /// only once.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when the time is over, `EFSM` out of turn (REQ, REP), `EHOSTUNREACH` (mandatory ROUTER), `ENOTSUP` for
    /// a type that does not send, `EINTR`. The message comes back with the error.
    #[inline]
    pub fn send<'a>(&self, message: impl Into<Outgoing<'a>>) -> Result<(), SendError> {
        match self.send_in_run(message.into(), Patience::Some) {
            None => Ok(()),
            Some(message) => self.send_the_long_way(message),
        }
    }

    #[inline(never)]
    fn send_the_long_way(&self, mut message: Outgoing<'_>) -> Result<(), SendError> {
        match self.core().give(&mut message, Patience::Some, Look::Passing) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let (timeout, _) = self.core().timeouts();
                self.core().send_waiting(message, options::timeout(timeout), None)
            }
            Err(error) => Err(SendError { error, message: message.into() }),
        }
    }

    /// Sends a message if that can be done as part of a run; gives it back otherwise.
    #[inline(always)]
    fn send_in_run<'a>(&self, message: Outgoing<'a>, patience: Patience) -> Option<Outgoing<'a>> {
        match message.body() {
            Some(body) if self.core().give_in_run(body, patience) => None,
            _ => Some(message),
        }
    }

    /// Sends a message if there is room now.
    ///
    /// # Errors
    ///
    /// As [`Socket::send`]; `EAGAIN` means at once.
    pub fn try_send<'a>(&self, message: impl Into<Outgoing<'a>>) -> Result<(), SendError> {
        let Some(mut message) = self.send_in_run(message.into(), Patience::None) else { return Ok(()) };
        let mut outcome = self.core().give(&mut message, Patience::None, Look::Passing);
        if outcome == Ok(false) {
            let look = self.core().look_for_room();
            if self.core().pump() || look == Look::Last {
                outcome = self.core().give(&mut message, Patience::None, look);
            }
        }
        match outcome {
            Ok(true) => Ok(()),
            Ok(false) => Err(SendError { error: self.core().would_block("send"), message: message.into() }),
            Err(error) => Err(SendError { error, message: message.into() }),
        }
    }

    /// Sends a message, waiting at most `timeout` for room; `None` waits for ever.
    ///
    /// # Errors
    ///
    /// As [`Socket::send`].
    pub fn send_timeout<'a>(
        &self,
        message: impl Into<Outgoing<'a>>,
        timeout: Option<Duration>,
    ) -> Result<(), SendError> {
        let Some(mut message) = self.send_in_run(message.into(), Patience::Some) else { return Ok(()) };
        match self.core().give(&mut message, Patience::Some, Look::Passing) {
            Ok(true) => Ok(()),
            Ok(false) => self.core().send_waiting(message, timeout, None),
            Err(error) => Err(SendError { error, message: message.into() }),
        }
    }

    /// As [`Socket::send_timeout`], ended also by an interrupt since `mark`; see [`Socket::mark`].
    ///
    /// # Errors
    ///
    /// As [`Socket::send`].
    pub fn send_since<'a>(
        &self,
        mark: InterruptMark,
        message: impl Into<Outgoing<'a>>,
        timeout: Option<Duration>,
    ) -> Result<(), SendError> {
        let Some(mut message) = self.send_in_run(message.into(), Patience::Some) else { return Ok(()) };
        match self.core().give(&mut message, Patience::Some, Look::Passing) {
            Ok(true) => Ok(()),
            Ok(false) => self.core().send_waiting(message, timeout, Some(mark)),
            Err(error) => Err(SendError { error, message: message.into() }),
        }
    }

    /// Sends a message as a future, for any executor. Dropped before it is ready, it has sent nothing.
    pub fn send_async(&self, message: impl Into<Message>) -> SendFuture {
        SendFuture::new(Arc::clone(self.core()), message.into())
    }

    /// Receives a message, waiting at most `RCVTIMEO`.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when the time is over, `EFSM` out of turn (REQ, REP), `ENOTSUP` for a type that does not receive,
    /// `EINTR`.
    #[inline(always)]
    pub fn recv(&self) -> Result<Message> {
        self.core().receive()
    }

    /// Receives a message if there is one now.
    ///
    /// # Errors
    ///
    /// As [`Socket::recv`]; `EAGAIN` means at once.
    #[inline(always)]
    pub fn try_recv(&self) -> Result<Message> {
        self.core().receive_now()
    }

    /// Receives a message, waiting at most `timeout`; `None` waits for ever.
    ///
    /// # Errors
    ///
    /// As [`Socket::recv`].
    #[inline(always)]
    pub fn recv_timeout(&self, timeout: Option<Duration>) -> Result<Message> {
        self.core().receive_for(timeout, None)
    }

    /// As [`Socket::recv_timeout`], ended also by an interrupt since `mark`; see [`Socket::mark`].
    ///
    /// # Errors
    ///
    /// As [`Socket::recv`].
    #[inline(always)]
    pub fn recv_since(&self, mark: InterruptMark, timeout: Option<Duration>) -> Result<Message> {
        self.core().receive_for(timeout, Some(mark))
    }

    /// Receives a message as a future, for any executor. Dropping it loses nothing.
    pub fn recv_async(&self) -> RecvFuture {
        RecvFuture::new(Arc::clone(self.core()))
    }

    /// Sets an option; see zmq_setsockopt(3) and the reference page for what each means.
    ///
    /// # Errors
    ///
    /// `EINVAL` for a value of the wrong kind or outside the limits, for an option this type does not have or that can
    /// only be read; `ENOTSUP` for one that is not implemented yet.
    pub fn set(&self, option: SocketOption, value: impl Into<OptionValue>) -> Result<()> {
        self.core().set(option, &value.into())
    }

    /// Reads an option.
    ///
    /// # Errors
    ///
    /// `EINVAL` for an option that can only be set, `ENOTSUP` for one that is not implemented yet.
    pub fn get(&self, option: SocketOption) -> Result<OptionValue> {
        self.core().get(option)
    }

    /// Receives messages whose first frame begins with `topic` from now on (SUB). Subscribing twice needs unsubscribing
    /// twice; the empty topic is everything.
    ///
    /// # Errors
    ///
    /// `EINVAL` for other types than SUB.
    pub fn subscribe(&self, topic: impl AsRef<[u8]>) -> Result<()> {
        self.set(SocketOption::Subscribe, topic.as_ref())
    }

    /// Undoes one [`Socket::subscribe`]; a topic never subscribed to is ignored.
    ///
    /// # Errors
    ///
    /// `EINVAL` for other types than SUB.
    pub fn unsubscribe(&self, topic: impl AsRef<[u8]>) -> Result<()> {
        self.set(SocketOption::Unsubscribe, topic.as_ref())
    }

    /// The endpoint bound or connected last; empty before.
    pub fn last_endpoint(&self) -> String {
        self.core().last_endpoint()
    }

    /// What is possible now without waiting.
    ///
    /// # Errors
    ///
    /// `ENOTSOCK` and `ETERM` only.
    pub fn events(&self) -> Result<Events> {
        self.core().ready_now(Events::IN | Events::OUT, Look::Passing)
    }

    /// A descriptor for event loops: it is readable when the answer of [`Socket::arm`] may have changed. Readable at
    /// first. It belongs to the socket: do not read, write or close it.
    ///
    /// # Errors
    ///
    /// `EMFILE` when the process has no descriptors left.
    pub fn fd(&self) -> Result<RawFd> {
        self.core().usable("get")?;
        self.core().descriptor()
    }

    /// Makes the descriptor unreadable, then says what of `events` is possible now. If nothing is, the descriptor becomes
    /// readable when that changes; no change in between is missed.
    ///
    /// # Errors
    ///
    /// As [`Socket::fd`].
    pub fn arm(&self, events: Events) -> Result<Events> {
        self.core().arm(events)
    }

    /// Blocks until something of `events` is possible; empty when the time is over.
    ///
    /// # Errors
    ///
    /// `EINTR` when [`Socket::interrupt`] was called, or a signal handler ran in this thread while it slept: never with `SPIN` −1.
    pub fn wait(&self, events: Events, timeout: Option<Duration>) -> Result<Events> {
        self.core().wait_ready(events, timeout, None)
    }

    /// As [`Socket::wait`], ended also by an interrupt since `mark`; see [`Socket::mark`].
    ///
    /// # Errors
    ///
    /// As [`Socket::wait`].
    pub fn wait_since(
        &self,
        mark: InterruptMark,
        events: Events,
        timeout: Option<Duration>,
    ) -> Result<Events> {
        self.core().wait_ready(events, timeout, Some(mark))
    }

    /// Ends every call that is blocked on this socket now with `EINTR`, from any thread; and those that were given a
    /// mark from before, as soon as they would wait.
    pub fn interrupt(&self) {
        self.core().interrupt();
    }

    /// This moment, for a caller that looks at something of its own before it blocks: take the mark, look, and give it to
    /// the call. However the steps fall, an interrupt after the look is not lost. A call with a mark may also end with
    /// `EINTR` when a signal handler ran in this thread while it slept.
    ///
    /// ```
    /// # use ohmq::{Context, ErrorCode, SocketType};
    /// # use std::sync::atomic::{AtomicBool, Ordering};
    /// # let stop = AtomicBool::new(false);
    /// # let pull = Context::new().socket(SocketType::Pull)?;
    /// let mark = pull.mark();
    /// if !stop.load(Ordering::SeqCst) {
    ///     // Somewhere else, at any time: stop.store(true); pull.interrupt();
    ///     # pull.interrupt();
    ///     assert_eq!(pull.recv_since(mark, None).unwrap_err().code(), ErrorCode::Eintr);
    /// }
    /// # Ok::<(), ohmq::Error>(())
    /// ```
    pub fn mark(&self) -> InterruptMark {
        self.core().mark()
    }

    /// What went through this socket; works on a closed one too.
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }

    /// Closes the socket for all its clones. Never blocks: what is queued is sent in the background for `LINGER`.
    pub fn close(&self) {
        self.core().close();
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.core().is_closed()
    }
}
