//! Sending and receiving: try while holding the interpreter, wait without it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ohmq::{ErrorCode, Frame, Message, OptionValue, SocketType};
use ohmq_ffi::Failure;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::block::{Slice, wait};
use crate::convert::{frame_from, frame_to, frames_from, frames_to, message_from};
use crate::error::{errno, finished_tracker, raise};
use crate::options::id;
use crate::socket::Socket;

/// `DONTWAIT` and `SNDMORE`.
const DONTWAIT: i32 = 1;
const SNDMORE: i32 = 2;

/// Sends one part, or keeps it with `SNDMORE`.
pub(crate) fn send(py: Python<'_>, socket: &Socket, data: &Bound<'_, PyAny>, flags: i32) -> PyResult<()> {
    let frame = frame_from(data)?;
    // An open socket is checked now rather than with the last part.
    if flags & SNDMORE != 0 {
        socket.call(py, ohmq_ffi::events)?;
        socket.stash().outgoing.push(frame);
        return Ok(());
    }
    let mut earlier = std::mem::take(&mut socket.stash().outgoing);
    if earlier.is_empty() {
        return transmit(py, socket, Message::from(frame), flags);
    }
    earlier.push(frame);
    transmit(py, socket, Message::from_frames(earlier), flags)
}

/// Sends all parts as one message, after those kept with `SNDMORE`.
pub(crate) fn send_multipart(
    py: Python<'_>,
    socket: &Socket,
    parts: &Bound<'_, PyAny>,
    flags: i32,
) -> PyResult<()> {
    let parts = frames_from(parts)?;
    if flags & SNDMORE != 0 {
        socket.call(py, ohmq_ffi::events)?;
        socket.stash().outgoing.extend(parts);
        return Ok(());
    }
    let mut frames = std::mem::take(&mut socket.stash().outgoing);
    frames.extend(parts);
    transmit(py, socket, Message::from_frames(frames), flags)
}

/// Sends a batch and answers how many messages were accepted.
pub(crate) fn send_many(
    py: Python<'_>,
    socket: &Socket,
    messages: &Bound<'_, PyAny>,
    flags: i32,
) -> PyResult<usize> {
    let mut rest = messages_from(messages)?;
    let total = rest.len();
    loop {
        let Err(failure) = ohmq_ffi::send_many(socket.handle(), &mut rest) else { return Ok(total) };
        let sent = total - rest.len();
        if failure.errno != errno::EAGAIN {
            return Err(with_count(py, raise(py, &failure), sent));
        }
        let goes_on = match rest.pop_front() {
            Some(first) if flags & DONTWAIT == 0 => send_blocking(py, socket, first),
            _ => Ok(false),
        };
        match goes_on {
            Ok(true) => {}
            Ok(false) if sent > 0 => return Ok(sent),
            Ok(false) => return Err(raise(py, &failure)),
            Err(error) => return Err(with_count(py, error, sent)),
        }
    }
}

/// Receives one part: what is left of the current message first.
pub(crate) fn recv<'py>(
    py: Python<'py>,
    socket: &Socket,
    flags: i32,
    copy: bool,
) -> PyResult<Bound<'py, PyAny>> {
    match take_part(socket) {
        Some((frame, more)) => frame_to(py, frame, more, copy),
        None => first_part(py, socket, receive(py, socket, flags)?, copy),
    }
}

/// Receives all parts of the current message, or of the next one.
pub(crate) fn recv_multipart<'py>(
    py: Python<'py>,
    socket: &Socket,
    flags: i32,
    copy: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let parts = match take_rest(socket) {
        Some(rest) => frames_to(py, rest.into_iter(), copy),
        None => frames_to(py, receive(py, socket, flags)?.into_frames(), copy),
    };
    parts.map(Bound::into_any)
}

/// Receives at least one message and at most `max_messages`.
pub(crate) fn recv_many<'py>(
    py: Python<'py>,
    socket: &Socket,
    max_messages: usize,
    flags: i32,
    copy: bool,
) -> PyResult<Bound<'py, PyAny>> {
    if max_messages == 0 {
        return Err(PyValueError::new_err("max_messages is at least 1"));
    }
    let batch = PyList::empty(py);
    batch.append(recv_multipart(py, socket, flags, copy)?)?;
    if max_messages > 1 {
        // A failure here (the context ended) belongs to the next call: this one has something to give.
        for message in ohmq_ffi::recv_many(socket.handle(), max_messages - 1).unwrap_or_default() {
            batch.append(frames_to(py, message.into_frames(), copy)?)?;
        }
    }
    Ok(batch.into_any())
}

/// One part or a whole message if there is one now, else `None`: the event loop's receive.
pub(crate) fn try_recv<'py>(
    py: Python<'py>,
    socket: &Socket,
    copy: bool,
    multipart: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if socket.stashed_events() != 0 {
        let received = if multipart { recv_multipart } else { recv };
        return received(py, socket, DONTWAIT, copy).map(Some);
    }
    let Some(message) = socket.call(py, ohmq_ffi::try_recv)? else { return Ok(None) };
    if multipart {
        Ok(Some(frames_to(py, message.into_frames(), copy)?.into_any()))
    } else {
        first_part(py, socket, message, copy).map(Some)
    }
}

/// As `recv_many` of what has arrived by now; `None` when nothing has.
pub(crate) fn try_recv_many<'py>(
    py: Python<'py>,
    socket: &Socket,
    max_messages: usize,
    copy: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if max_messages == 0 {
        return Err(PyValueError::new_err("max_messages is at least 1"));
    }
    let batch = PyList::empty(py);
    if let Some(rest) = take_rest(socket) {
        batch.append(frames_to(py, rest.into_iter(), copy)?)?;
    }
    for message in socket.call(py, |handle| ohmq_ffi::recv_many(handle, max_messages - batch.len()))? {
        batch.append(frames_to(py, message.into_frames(), copy)?)?;
    }
    Ok((!batch.is_empty()).then(|| batch.into_any()))
}

/// Sends now if it can be done; otherwise, or when told to `hold` it, gives the message back ready to be sent.
pub(crate) fn send_now(
    py: Python<'_>,
    socket: &Socket,
    parts: Vec<Frame>,
    hold: bool,
) -> PyResult<Option<Unsent>> {
    let mut frames = std::mem::take(&mut socket.stash().outgoing);
    frames.extend(parts);
    let message = Message::from_frames(frames);
    if hold {
        return Ok(Some(Unsent(Mutex::new(Some(message)))));
    }
    let unsent = try_transmit(py, socket, message)?;
    Ok(unsent.map(|message| Unsent(Mutex::new(Some(message)))))
}

/// A message that waits for room.
#[pyclass(module = "ohmq._native", frozen)]
pub(crate) struct Unsent(Mutex<Option<Message>>);

#[pymethods]
impl Unsent {
    /// Sends the message if it can be done now; whether it was. After an error, or once sent, nothing is left to send.
    fn retry(&self, py: Python<'_>, socket: &Bound<'_, Socket>) -> PyResult<bool> {
        let Some(message) = self.slot().take() else { return Ok(true) };
        let unsent = try_transmit(py, socket.get(), message)?;
        let is_sent = unsent.is_none();
        *self.slot() = unsent;
        Ok(is_sent)
    }
}

impl Unsent {
    fn slot(&self) -> MutexGuard<'_, Option<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Messages that an event loop sends as there is room.
#[pyclass(module = "ohmq._native", frozen)]
pub(crate) struct Batch(Mutex<VecDeque<Message>>);

#[pymethods]
impl Batch {
    /// Takes the messages as they are now; each is one part, or parts in any iterable.
    #[new]
    fn new(messages: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Mutex::new(messages_from(messages)?)))
    }

    /// Sends what can be sent now and answers how many messages that were, if only some then without an error.
    fn advance(&self, py: Python<'_>, socket: &Bound<'_, Socket>) -> PyResult<usize> {
        let mut rest = self.slot();
        let total = rest.len();
        let outcome = ohmq_ffi::send_many(socket.get().handle(), &mut rest);
        let sent = total - rest.len();
        drop(rest);
        match outcome {
            Err(failure) if failure.errno != errno::EAGAIN && sent == 0 => Err(raise(py, &failure)),
            _ => Ok(sent),
        }
    }

    fn __len__(&self) -> usize {
        self.slot().len()
    }
}

impl Batch {
    fn slot(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a send with `copy=False` answers: the engine holds its own reference, so the tracker is finished.
pub(crate) fn tracker(py: Python<'_>, copy: bool, track: bool) -> Option<Py<PyAny>> {
    (!copy || track).then(|| finished_tracker(py))
}

/// `routing_id` and `group` belong to the draft socket types.
pub(crate) fn refuse_draft(
    py: Python<'_>,
    routing_id: Option<&Bound<'_, PyAny>>,
    group: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let name = match (routing_id, group) {
        (None, None) => return Ok(()),
        (Some(_), _) => "routing_id",
        _ => "group",
    };
    let failure = Failure::new(ErrorCode::Enotsup, "send", name, "only draft socket types take it");
    Err(raise(py, &failure))
}

/// The messages of a batch; every one is checked before anything is sent.
fn messages_from(messages: &Bound<'_, PyAny>) -> PyResult<VecDeque<Message>> {
    messages.try_iter()?.map(|item| message_from(&item?)).collect()
}

/// Sends without waiting; gives the message back when that cannot be done.
fn try_transmit(py: Python<'_>, socket: &Socket, message: Message) -> PyResult<Option<Message>> {
    match ohmq_ffi::try_send(socket.handle(), message) {
        Ok(()) => Ok(None),
        Err((failure, message)) if failure.errno == errno::EAGAIN => Ok(Some(message)),
        Err((failure, _)) => Err(raise(py, &failure)),
    }
}

fn transmit(py: Python<'_>, socket: &Socket, message: Message, flags: i32) -> PyResult<()> {
    let Err((failure, message)) = ohmq_ffi::try_send(socket.handle(), message) else { return Ok(()) };
    if failure.errno != errno::EAGAIN || flags & DONTWAIT != 0 {
        return Err(raise(py, &failure));
    }
    if send_blocking(py, socket, message)? { Ok(()) } else { Err(raise(py, &failure)) }
}

/// Waits for room up to `SNDTIMEO` and sends; `false` when the time passed.
fn send_blocking(py: Python<'_>, socket: &Socket, message: Message) -> PyResult<bool> {
    let handle = socket.handle();
    let mut unsent = Some(message);
    let sent = wait(py, timeout(py, socket, id::SNDTIMEO)?, |slice_ms| {
        let Some(message) = unsent.take() else { return Slice::Done(()) };
        match ohmq_ffi::send_since(handle, ohmq_ffi::mark(handle), message, slice_ms) {
            Ok(()) => Slice::Done(()),
            Err((failure, message)) => {
                unsent = Some(message);
                Slice::from_failure(failure)
            }
        }
    })?;
    Ok(sent.is_some())
}

fn receive(py: Python<'_>, socket: &Socket, flags: i32) -> PyResult<Message> {
    let handle = socket.handle();
    if let Some(message) = socket.call(py, ohmq_ffi::try_recv)? {
        return Ok(message);
    }
    if flags & DONTWAIT == 0 {
        let received = wait(py, timeout(py, socket, id::RCVTIMEO)?, |slice_ms| {
            let received = ohmq_ffi::recv_since(handle, ohmq_ffi::mark(handle), slice_ms);
            received.map_or_else(Slice::from_failure, Slice::Done)
        })?;
        if let Some(message) = received {
            return Ok(message);
        }
    }
    Err(raise(py, &would_block(socket)))
}

/// A socket's own timeout in milliseconds, -1 for none.
fn timeout(py: Python<'_>, socket: &Socket, option: i32) -> PyResult<i64> {
    match socket.call(py, |handle| ohmq_ffi::get(handle, option))? {
        OptionValue::Int(ms) => Ok(ms.into()),
        _ => Ok(-1),
    }
}

/// The first part of a message; the others wait in the stash.
fn first_part<'py>(
    py: Python<'py>,
    socket: &Socket,
    message: Message,
    copy: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let mut frames = message.into_frames();
    let first = frames.next().unwrap_or_default();
    let more = frames.len() > 0;
    if more {
        socket.stash().received.push_back(frames.collect());
    }
    frame_to(py, first, more, copy)
}

/// The next part of the message under way, and whether more follow.
fn take_part(socket: &Socket) -> Option<(Frame, bool)> {
    let mut stash = socket.stash();
    let rest = stash.received.front_mut()?;
    let frame = rest.pop_front();
    let more = !rest.is_empty();
    if !more {
        stash.received.pop_front();
    }
    frame.map(|frame| (frame, more))
}

fn take_rest(socket: &Socket) -> Option<VecDeque<Frame>> {
    socket.stash().received.pop_front()
}

/// As the engine says it, which answers a receive in vain without an error.
fn would_block(socket: &Socket) -> Failure {
    let kind = match ohmq_ffi::get(socket.handle(), id::TYPE) {
        Ok(OptionValue::Int(number)) => SocketType::from_id(number),
        _ => None,
    };
    Failure::new(ErrorCode::Eagain, "receive", kind.map_or("socket", SocketType::name), "")
}

/// The exception that ended a batch says how many messages were accepted before it.
fn with_count(py: Python<'_>, error: PyErr, sent: usize) -> PyErr {
    match error.value(py).setattr("sent", sent) {
        Ok(()) => error,
        Err(attribute) => attribute,
    }
}
