//! The native base class of `ohmq.Socket`: a handle, and the parts of multipart messages under way.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ohmq::Frame;
use ohmq_ffi::Failure;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::error::raise;
use crate::transfer::Unsent;
use crate::{convert, options, poll, transfer};

/// `POLLIN` and `POLLOUT`.
pub(crate) const IN: u32 = 1;
pub(crate) const OUT: u32 = 2;

/// The native half of a socket. It behaves as closed until it was opened, so that a subclass's half-built object is
/// harmless to its finaliser.
#[pyclass(module = "ohmq._native", subclass, frozen)]
pub(crate) struct Socket {
    handle: AtomicU64,
    /// Whether the socket ends with this object: not for a shadow, and not twice.
    owned: AtomicBool,
    closed: AtomicBool,
    stash: Mutex<Stash>,
}

/// Parts between single-part calls and whole messages. The engine only knows whole messages.
#[derive(Default)]
pub(crate) struct Stash {
    /// What is left of each received message after `recv` took its first part; one, unless several threads do that.
    pub(crate) received: VecDeque<VecDeque<Frame>>,
    /// Parts sent with `SNDMORE`, waiting for the last one.
    pub(crate) outgoing: Vec<Frame>,
}

impl Socket {
    pub(crate) fn handle(&self) -> u64 {
        self.handle.load(Ordering::Acquire)
    }

    /// Never held while Python code runs or while waiting.
    pub(crate) fn stash(&self) -> MutexGuard<'_, Stash> {
        self.stash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a call of the engine on this socket and raises its failure.
    pub(crate) fn call<T>(
        &self,
        py: Python<'_>,
        operation: impl FnOnce(u64) -> Result<T, Failure>,
    ) -> PyResult<T> {
        operation(self.handle()).map_err(|failure| raise(py, &failure))
    }

    /// `IN` when parts of a received message wait here, where the engine does not see them.
    pub(crate) fn stashed_events(&self) -> u32 {
        if self.stash().received.is_empty() { 0 } else { IN }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.owned.load(Ordering::Acquire) && !self.closed.load(Ordering::Acquire) {
            // Nobody is left to tell; the close goes on in the background.
            ohmq_ffi::socket_close(self.handle());
        }
    }
}

#[pymethods]
impl Socket {
    /// Takes any arguments: subclasses may have constructors of any shape.
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            handle: AtomicU64::new(0),
            owned: AtomicBool::new(false),
            closed: AtomicBool::new(true),
            stash: Mutex::default(),
        }
    }

    /// Makes a socket of this type in the context.
    fn _open(&self, py: Python<'_>, context: u64, socket_type: i32) -> PyResult<()> {
        let handle = ohmq_ffi::socket_new(context, socket_type).map_err(|failure| raise(py, &failure))?;
        self.handle.store(handle, Ordering::Release);
        self.owned.store(true, Ordering::Release);
        self.closed.store(false, Ordering::Release);
        Ok(())
    }

    /// Becomes a second view of the socket with this handle.
    fn _adopt(&self, handle: u64) {
        self.handle.store(handle, Ordering::Release);
        self.closed.store(false, Ordering::Release);
    }

    /// Whether this object was closed; the context's end is not looked at.
    #[getter]
    fn _closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The socket's number; another view of it can be made from it.
    #[getter]
    fn underlying(&self) -> u64 {
        self.handle()
    }

    /// Closes the socket; never blocks, a second time does nothing.
    fn _close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            *self.stash() = Stash::default();
            ohmq_ffi::socket_close(self.handle());
        }
    }

    /// Binds and answers the resolved endpoint. Names may have to be looked up, so other threads go on meanwhile.
    fn _bind(&self, py: Python<'_>, endpoint: &str) -> PyResult<String> {
        let handle = self.handle();
        py.detach(|| ohmq_ffi::bind(handle, endpoint)).map_err(|failure| raise(py, &failure))
    }

    fn _connect(&self, py: Python<'_>, endpoint: &str) -> PyResult<()> {
        let handle = self.handle();
        py.detach(|| ohmq_ffi::connect(handle, endpoint)).map_err(|failure| raise(py, &failure))
    }

    fn _unbind(&self, py: Python<'_>, endpoint: &str) -> PyResult<()> {
        self.call(py, |handle| ohmq_ffi::unbind(handle, endpoint))
    }

    fn _disconnect(&self, py: Python<'_>, endpoint: &str) -> PyResult<()> {
        self.call(py, |handle| ohmq_ffi::disconnect(handle, endpoint))
    }

    fn _set(&self, py: Python<'_>, option: i32, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = options::value_from(value)?;
        self.call(py, |handle| ohmq_ffi::set(handle, option, value))
    }

    fn _get<'py>(&self, py: Python<'py>, option: i32) -> PyResult<Bound<'py, PyAny>> {
        let own = match option {
            options::id::RCVMORE => Some(self.stashed_events() & IN),
            options::id::EVENTS => Some(self._events(py)?),
            _ => None,
        };
        if let Some(number) = own {
            return Ok(number.into_pyobject(py)?.into_any());
        }
        let value = self.call(py, |handle| ohmq_ffi::get(handle, option))?;
        options::value_to(py, value)
    }

    /// What can be done now: `POLLIN`, `POLLOUT` or both.
    fn _events(&self, py: Python<'_>) -> PyResult<u32> {
        Ok(self.call(py, ohmq_ffi::events)? | self.stashed_events())
    }

    /// Clears the descriptor and answers what of `events` is ready now; when nothing is, the descriptor becomes
    /// readable as soon as something may be.
    fn _arm(&self, py: Python<'_>, events: u32) -> PyResult<u32> {
        Ok(self.call(py, |handle| ohmq_ffi::arm(handle, events))? | (self.stashed_events() & events))
    }

    /// The descriptor to watch for reading. Edge-triggered as libzmq's: look at `EVENTS` after each wake.
    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        self.call(py, ohmq_ffi::fd)
    }

    /// The socket's counters by name; `accepted = delivered + queued + dropped` in each direction.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = PyDict::new(py);
        for (name, value) in self.call(py, ohmq_ffi::stats)? {
            counters.set_item(name, value)?;
        }
        Ok(counters)
    }

    /// Waits until the socket is ready for one of `flags`, at most `timeout` milliseconds (`None`: forever), and answers
    /// what it is ready for; 0 when the time passed.
    #[pyo3(signature = (timeout = None, flags = 1))]
    fn poll(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>, flags: u32) -> PyResult<u32> {
        poll::poll_one(py, self, flags, poll::milliseconds(timeout)?)
    }

    /// Sends one part. With `SNDMORE` it is kept until the last part comes, and then the whole message is sent at once.
    #[pyo3(signature = (data, flags = 0, copy = true, track = false, routing_id = None, group = None))]
    #[allow(clippy::too_many_arguments, reason = "pyzmq's signature")]
    fn send(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        flags: i32,
        copy: bool,
        track: bool,
        routing_id: Option<&Bound<'_, PyAny>>,
        group: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        transfer::refuse_draft(py, routing_id, group)?;
        transfer::send(py, self, data, flags)?;
        Ok(transfer::tracker(py, copy, track))
    }

    /// Sends a whole message of several parts.
    #[pyo3(signature = (msg_parts, flags = 0, copy = true, track = false, routing_id = None, group = None))]
    #[allow(clippy::too_many_arguments, reason = "pyzmq's signature")]
    fn send_multipart(
        &self,
        py: Python<'_>,
        msg_parts: &Bound<'_, PyAny>,
        flags: i32,
        copy: bool,
        track: bool,
        routing_id: Option<&Bound<'_, PyAny>>,
        group: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        transfer::refuse_draft(py, routing_id, group)?;
        transfer::send_multipart(py, self, msg_parts, flags)?;
        Ok(transfer::tracker(py, copy, track))
    }

    /// Sends many messages in one call; each is one part, or a list of parts. Answers how many were accepted: all,
    /// unless `NOBLOCK` or `SNDTIMEO` ended it early.
    #[pyo3(signature = (messages, flags = 0))]
    fn send_many(&self, py: Python<'_>, messages: &Bound<'_, PyAny>, flags: i32) -> PyResult<usize> {
        transfer::send_many(py, self, messages, flags)
    }

    /// Receives one part. `getsockopt(RCVMORE)` tells whether the message has more.
    #[pyo3(signature = (flags = 0, copy = true, track = false))]
    fn recv<'py>(&self, py: Python<'py>, flags: i32, copy: bool, track: bool) -> PyResult<Bound<'py, PyAny>> {
        let _ = track;
        transfer::recv(py, self, flags, copy)
    }

    /// Receives a whole message as a list of parts.
    #[pyo3(signature = (flags = 0, copy = true, track = false))]
    fn recv_multipart<'py>(
        &self,
        py: Python<'py>,
        flags: i32,
        copy: bool,
        track: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = track;
        transfer::recv_multipart(py, self, flags, copy)
    }

    /// Waits for one message as `recv_multipart` does, then takes what else has arrived, up to `max_messages`, in one
    /// call. A list of messages, each a list of parts.
    #[pyo3(signature = (max_messages = 1000, flags = 0, copy = true))]
    fn recv_many<'py>(
        &self,
        py: Python<'py>,
        max_messages: usize,
        flags: i32,
        copy: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        transfer::recv_many(py, self, max_messages, flags, copy)
    }

    /// One part, or all parts, if a message is there now; else `None`.
    fn _try_recv<'py>(
        &self,
        py: Python<'py>,
        copy: bool,
        multipart: bool,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        transfer::try_recv(py, self, copy, multipart)
    }

    /// The messages that are there now, up to `max_messages`; `None` when there is none.
    fn _try_recv_many<'py>(
        &self,
        py: Python<'py>,
        max_messages: usize,
        copy: bool,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        transfer::try_recv_many(py, self, max_messages, copy)
    }

    /// Sends one part now (`None`), or gives back the message that has to wait.
    fn _send_now(&self, py: Python<'_>, data: &Bound<'_, PyAny>, hold: bool) -> PyResult<Option<Unsent>> {
        transfer::send_now(py, self, vec![convert::frame_from(data)?], hold)
    }

    /// Sends all parts now (`None`), or gives back the message that has to wait.
    fn _send_multipart_now(
        &self,
        py: Python<'_>,
        parts: &Bound<'_, PyAny>,
        hold: bool,
    ) -> PyResult<Option<Unsent>> {
        transfer::send_now(py, self, convert::frames_from(parts)?, hold)
    }
}
