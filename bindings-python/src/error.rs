//! Failures of the engine as Python exceptions.
//!
//! The exception classes are Python's (`ohmq/_errors.py`, generated), because the stable ABI cannot subclass
//! built-in exceptions before Python 3.12. The package hands a function over at import that makes one.

use ohmq_ffi::Failure;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

static MAKE_ERROR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static FINISHED_TRACKER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Tells the native half how to make an exception (`make_error(errno, text, operation, subject)`) and which tracker a
/// send with `copy=False` answers.
#[pyfunction]
pub(crate) fn install(py: Python<'_>, make_error: Py<PyAny>, finished_tracker: Py<PyAny>) {
    // A second import of the package (a reload) keeps the classes of the first.
    let _ = MAKE_ERROR.set(py, make_error);
    let _ = FINISHED_TRACKER.set(py, finished_tracker);
}

/// The exception for a failure of the engine.
pub(crate) fn raise(py: Python<'_>, failure: &Failure) -> PyErr {
    let Some(make_error) = MAKE_ERROR.get(py) else {
        return PyRuntimeError::new_err(failure.message.clone());
    };
    let arguments = (failure.errno, &failure.message, &failure.operation, &failure.subject);
    match make_error.bind(py).call1(arguments) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

/// The tracker of a message that the caller may already forget.
pub(crate) fn finished_tracker(py: Python<'_>) -> Py<PyAny> {
    FINISHED_TRACKER.get(py).map_or_else(|| py.None(), |tracker| tracker.clone_ref(py))
}

/// libzmq's numbers that decide what a call does next.
pub(crate) mod errno {
    pub(crate) const EINTR: i32 = 4;
    pub(crate) const EAGAIN: i32 = 11;
}
