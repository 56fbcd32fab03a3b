//! Waiting for sockets. What is waited for together with other descriptors is waited for in Python.

use std::time::Duration;

use ohmq::Poller;
use ohmq_ffi::{Events, handle};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::block::{Slice, wait};
use crate::error::raise;
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

/// Waits until one of the sockets is ready for what its flags say; what each is ready for, nothing when `timeout` milliseconds
/// passed. Two views of one socket may wait for different things.
#[pyfunction]
#[pyo3(signature = (sockets, flags, timeout = None))]
pub(crate) fn poll_all(
    py: Python<'_>,
    sockets: Vec<PyRef<'_, Socket>>,
    flags: Vec<u32>,
    timeout: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<u32>> {
    let views: Vec<(u64, u32)> =
        sockets.iter().zip(&flags).map(|(socket, flags)| (socket.handle(), flags & (IN | OUT))).collect();
    let mut poller = Poller::new();
    for (key, (number, _)) in views.iter().enumerate() {
        let socket = handle::socket(*number, "poll").map_err(|failure| raise(py, &failure))?;
        let wanted = views.iter().filter(|(other, _)| other == number).fold(0, |all, (_, flags)| all | flags);
        poller.add(&socket, Events::from_bits(wanted), key);
    }
    let mut ready: Vec<u32> =
        sockets.iter().zip(&views).map(|(socket, (_, wanted))| socket.stashed_events() & wanted).collect();
    let timeout = if ready.iter().any(|events| *events != 0) { 0 } else { milliseconds(timeout)? };
    let found = wait(py, timeout, |slice_ms| {
        let limit = u64::try_from(slice_ms).ok().map(Duration::from_millis);
        match poller.wait(limit) {
            Ok(found) if found.is_empty() => Slice::Again,
            Ok(found) => Slice::Done(found),
            Err(error) => Slice::from_failure(error.into()),
        }
    })?;
    for (key, events) in found.into_iter().flatten() {
        let number = views[key].0;
        for ((other, wanted), ready) in views.iter().zip(&mut ready) {
            *ready |= if *other == number { events.bits() & wanted } else { 0 };
        }
    }
    Ok(ready)
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
