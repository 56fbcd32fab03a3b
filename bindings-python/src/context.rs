//! Contexts: handles as integers. The Python class `Context` owns one.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ohmq_ffi::Failure;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::block::{Slice, wait};
use crate::error::raise;

/// A new context's handle.
#[pyfunction]
pub(crate) fn context_new() -> u64 {
    ohmq_ffi::context_new()
}

/// Sets a context option.
#[pyfunction]
pub(crate) fn context_set(py: Python<'_>, context: u64, option: i32, value: i32) -> PyResult<()> {
    ohmq_ffi::context_set(context, option, value).map_err(|failure| raise(py, &failure))
}

/// Reads a context option.
#[pyfunction]
pub(crate) fn context_get(py: Python<'_>, context: u64, option: i32) -> PyResult<i32> {
    ohmq_ffi::context_get(context, option).map_err(|failure| raise(py, &failure))
}

/// Ends every call on the context's sockets with ETERM; never blocks.
#[pyfunction]
pub(crate) fn context_shutdown(py: Python<'_>, context: u64) -> PyResult<()> {
    ohmq_ffi::context_shutdown(context).map_err(|failure| raise(py, &failure))
}

/// Waits until the context's sockets are closed and have lingered; at most `timeout_ms` (-1: forever). Whether that
/// happened in time. A signal handler's exception ends the wait, and the termination goes on in the background.
#[pyfunction]
#[pyo3(signature = (context, timeout_ms = -1))]
pub(crate) fn context_term(py: Python<'_>, context: u64, timeout_ms: i64) -> PyResult<bool> {
    let result = terminate_in_background(context)?;
    let ended = wait(py, timeout_ms, move |slice_ms| receive_result(&result, slice_ms))?;
    Ok(ended.is_some())
}

/// Forgets a context nobody refers to any more: the finaliser's part. Never blocks.
#[pyfunction]
pub(crate) fn context_release(context: u64) {
    ohmq_ffi::context_forget(context);
}

/// The library's version.
#[pyfunction]
pub(crate) fn version() -> (u32, u32, u32) {
    ohmq_ffi::version()
}

/// The engine's termination blocks without a limit, which a thread with signals to handle must not.
fn terminate_in_background(context: u64) -> PyResult<mpsc::Receiver<Result<(), Failure>>> {
    let (sender, result) = mpsc::channel();
    thread::Builder::new()
        .name("ohmq-term".into())
        // Nobody listens any more when the wait was interrupted.
        .spawn(move || drop(sender.send(ohmq_ffi::context_term(context))))
        .map_err(|error| PyRuntimeError::new_err(format!("no thread to terminate the context: {error}")))?;
    Ok(result)
}

fn receive_result(result: &mpsc::Receiver<Result<(), Failure>>, slice_ms: i64) -> Slice<()> {
    let received = match u64::try_from(slice_ms) {
        Ok(ms) => result.recv_timeout(Duration::from_millis(ms)),
        Err(_) => result.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
    };
    match received {
        Ok(Ok(())) | Err(mpsc::RecvTimeoutError::Disconnected) => Slice::Done(()),
        Ok(Err(failure)) => Slice::from_failure(failure),
        Err(mpsc::RecvTimeoutError::Timeout) => Slice::Again,
    }
}
