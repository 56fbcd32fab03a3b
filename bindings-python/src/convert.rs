//! Python objects to frames and back.

use bytes::Bytes;
use ohmq::{Frame, Message};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyList, PyMemoryView, PyString};

use crate::frame::Frame as PyFrame;

/// From this size on a `bytes` object is sent where it lies, held by a reference, rather than copied.
const BORROW_FROM: usize = 64 * 1024;

/// One part of a message from `bytes`, a `Frame`, or anything with a buffer. `str` is refused: it has no encoding.
pub(crate) fn frame_from(data: &Bound<'_, PyAny>) -> PyResult<Frame> {
    if let Ok(bytes) = data.cast_exact::<PyBytes>() {
        return Ok(frame_from_bytes(bytes));
    }
    if let Ok(frame) = data.cast::<PyFrame>() {
        return Ok(frame.get().body().clone());
    }
    if let Ok(array) = data.cast::<PyByteArray>() {
        return Ok(Frame::from(array.to_vec()));
    }
    if data.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err(
            "str cannot be sent without an encoding: use send_string, or encode it",
        ));
    }
    // Anything else that goes wrong is said best by the object itself: a released view, a buffer that is not exported.
    let view = PyMemoryView::from(data).map_err(|error| {
        if error.is_instance_of::<PyTypeError>(data.py()) { not_sendable(data) } else { error }
    })?;
    let copied = view.call_method0("tobytes")?;
    Ok(frame_from_bytes(copied.cast::<PyBytes>()?))
}

/// All parts of a message, at least one; every part is checked before anything is sent.
pub(crate) fn frames_from(parts: &Bound<'_, PyAny>) -> PyResult<Vec<Frame>> {
    let frames = some_frames_from(parts)?;
    if frames.is_empty() {
        return Err(PyValueError::new_err("a message has at least one part"));
    }
    Ok(frames)
}

fn some_frames_from(parts: &Bound<'_, PyAny>) -> PyResult<Vec<Frame>> {
    if let Ok(list) = parts.cast_exact::<PyList>() {
        return list.iter().map(|part| frame_from(&part)).collect();
    }
    if parts.is_instance_of::<PyString>() || parts.is_instance_of::<PyBytes>() {
        return Err(PyTypeError::new_err("a multipart message is a sequence of parts, not one string"));
    }
    parts.try_iter()?.map(|part| frame_from(&part?)).collect()
}

/// A whole message for a batch: one part, or a list or tuple of parts.
pub(crate) fn message_from(message: &Bound<'_, PyAny>) -> PyResult<Message> {
    let is_one_part = message.is_instance_of::<PyBytes>()
        || message.is_instance_of::<PyFrame>()
        || message.is_instance_of::<PyByteArray>()
        || message.is_instance_of::<PyMemoryView>()
        || message.is_instance_of::<PyString>();
    if is_one_part {
        frame_from(message).map(Message::from)
    } else {
        frames_from(message).map(Message::from_frames)
    }
}

/// A received part: `bytes`, or a `Frame` that shares the received memory.
pub(crate) fn frame_to(py: Python<'_>, frame: Frame, more: bool, copy: bool) -> PyResult<Bound<'_, PyAny>> {
    if copy {
        Ok(PyBytes::new(py, &frame).into_any())
    } else {
        Ok(Bound::new(py, PyFrame::received(frame, more))?.into_any())
    }
}

/// A received message as a list of parts.
pub(crate) fn frames_to(
    py: Python<'_>,
    frames: impl ExactSizeIterator<Item = Frame>,
    copy: bool,
) -> PyResult<Bound<'_, PyList>> {
    let last = frames.len().saturating_sub(1);
    let list = PyList::empty(py);
    for (index, frame) in frames.enumerate() {
        list.append(frame_to(py, frame, index < last, copy)?)?;
    }
    Ok(list)
}

fn not_sendable(data: &Bound<'_, PyAny>) -> PyErr {
    let kind = data.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("a message part is bytes, a Frame or a buffer, not {kind}"))
}

fn frame_from_bytes(bytes: &Bound<'_, PyBytes>) -> Frame {
    let body = bytes.as_bytes();
    if body.len() < BORROW_FROM {
        return Frame::copy_from_slice(body);
    }
    let (start, len) = (body.as_ptr(), body.len());
    Frame::from(Bytes::from_owner(BorrowedBytes { _owner: bytes.clone().unbind(), start, len }))
}

/// A `bytes` object held by the engine. Dropping it without the interpreter is allowed: PyO3 keeps the reference until
/// the next call into this module.
struct BorrowedBytes {
    _owner: Py<PyBytes>,
    start: *const u8,
    len: usize,
}

// SAFETY: the memory is immutable and stays where it is as long as `_owner` refers to it; `Py` itself is Send and Sync.
unsafe impl Send for BorrowedBytes {}
// SAFETY: as above; shared access only reads.
unsafe impl Sync for BorrowedBytes {}

impl AsRef<[u8]> for BorrowedBytes {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `start` and `len` are the body of a `bytes` object that `_owner` keeps alive, and `bytes` never change.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}
