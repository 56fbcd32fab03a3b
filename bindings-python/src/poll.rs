//! Waiting for one socket. Several are waited for in Python, on their descriptors.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::block::{Slice, wait};
use crate::socket::{IN, OUT, Socket};

/// Waits until the socket is ready for one of `events`; what it is ready for, 0 when `timeout_ms` (-1: forever) passed.
pub(crate) fn poll_one(py: Python<'_>, socket: &Socket, events: u32, timeout_ms: i64) -> PyResult<u32> {
    let events = events & (IN | OUT);
    let ready = (socket.call(py, ohmq_ffi::events)? | socket.stashed_events()) & events;
    if ready != 0 || timeout_ms == 0 {
        return Ok(ready);
    }
    let handle = socket.handle();
    let found = wait(py, timeout_ms, |slice_ms| match ohmq_ffi::wait(handle, events, slice_ms) {
        Ok(0) => Slice::Again,
        Ok(ready) => Slice::Done(ready),
        Err(failure) => Slice::from_failure(failure),
    })?;
    Ok(found.unwrap_or(0))
}

/// A timeout in milliseconds as pyzmq takes it: `None` and anything negative mean forever.
pub(crate) fn milliseconds(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<i64> {
    let Some(timeout) = timeout else { return Ok(-1) };
    if let Ok(whole) = timeout.extract::<i64>() {
        return Ok(whole.max(-1));
    }
    let number = timeout
        .extract::<f64>()
        .map_err(|_| PyTypeError::new_err("a timeout is a number of milliseconds or None"))?;
    // Rounded up, so that a wait does not end early.
    Ok(if number < 0.0 { -1 } else { number.ceil() as i64 })
}
