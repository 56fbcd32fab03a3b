//! Waiting without the interpreter, so that signals and Ctrl-C still end the wait.

use std::time::{Duration, Instant};

use ohmq_ffi::Failure;
use pyo3::prelude::*;

use crate::error::{errno, raise};

/// How long the main thread sleeps at most before it looks for signals again. A signal normally interrupts the sleep
/// (the engine's `EINTR`). The limit is for the others: one handled between the check and the sleep leaves nothing that
/// could end it, as does one delivered to another thread; and who sleeps without a poller (inproc, or behind another
/// thread that waits on the same socket) hears of none.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// How one slice of a wait ended.
pub(crate) enum Slice<T> {
    Done(T),
    /// The slice's time passed, or a signal or another thread ended it.
    Again,
    Failed(Failure),
}

impl<T> Slice<T> {
    /// Sorts a failure into "look again" and real.
    pub(crate) fn from_failure(failure: Failure) -> Self {
        match failure.errno {
            errno::EAGAIN | errno::EINTR => Self::Again,
            _ => Self::Failed(failure),
        }
    }
}

/// Runs `slice(milliseconds)` without the interpreter until it is done, fails, or `timeout_ms` (-1: never) has passed,
/// which is `None`. Python's signal handlers run in between.
pub(crate) fn wait<T: Send>(
    py: Python<'_>,
    timeout_ms: i64,
    mut slice: impl FnMut(i64) -> Slice<T> + Send,
) -> PyResult<Option<T>> {
    let deadline = u64::try_from(timeout_ms).ok().map(|ms| Instant::now() + Duration::from_millis(ms));
    let mut limit = Some(SIGNAL_CHECK);
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let sleep = [left, limit].into_iter().flatten().min().map_or(-1, whole_milliseconds);
        match py.detach(|| slice(sleep)) {
            Slice::Done(value) => return Ok(Some(value)),
            Slice::Failed(failure) => return Err(raise(py, &failure)),
            Slice::Again => py.check_signals()?,
        }
        if left == Some(Duration::ZERO) {
            return Ok(None);
        }
        // Only the main thread runs signal handlers; the others need not wake for them.
        if limit.is_some() && !is_main_thread(py)? {
            limit = None;
        }
    }
}

/// Rounded up: a wait must not end early and spin on the rest of a millisecond.
fn whole_milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(i64::MAX)
}

fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?;
    Ok(main.is(&threading.call_method0("current_thread")?))
}
