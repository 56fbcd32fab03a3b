//! `Frame`: one part of a message that shares its memory with the engine and exports it as a buffer.

use std::os::raw::c_int;

use ohmq::ErrorCode;
use ohmq_ffi::Failure;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyMemoryView};

use crate::convert;
use crate::error::{finished_tracker, raise};

const OPTION_MORE: i32 = 1;

/// One part of a message.
#[pyclass(module = "ohmq", frozen, weakref)]
pub(crate) struct Frame {
    body: ohmq::Frame,
    more: bool,
    bytes: PyOnceLock<Py<PyBytes>>,
}

impl Frame {
    pub(crate) fn received(body: ohmq::Frame, more: bool) -> Self {
        Self { body, more, bytes: PyOnceLock::new() }
    }

    pub(crate) fn body(&self) -> &ohmq::Frame {
        &self.body
    }
}

#[pymethods]
impl Frame {
    /// A frame to send. `track`, `copy` and `copy_threshold` are pyzmq's and make no difference here: `bytes` are never
    /// copied from 64 KiB on, anything that could change is.
    #[new]
    #[pyo3(signature = (data = None, track = false, copy = None, copy_threshold = None))]
    fn new(
        data: Option<&Bound<'_, PyAny>>,
        track: bool,
        copy: Option<bool>,
        copy_threshold: Option<usize>,
    ) -> PyResult<Self> {
        let _ = (track, copy, copy_threshold);
        let body = data.map_or_else(|| Ok(ohmq::Frame::new()), convert::frame_from)?;
        Ok(Self::received(body, false))
    }

    /// The body as `bytes`; copied once, then the same object each time.
    #[getter]
    fn bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        self.bytes.get_or_init(py, || PyBytes::new(py, &self.body).unbind()).bind(py).clone()
    }

    /// The body as a read-only memoryview, not copied.
    #[getter]
    fn buffer<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyMemoryView>> {
        PyMemoryView::from(slf.as_any())
    }

    /// Whether more parts of the same message follow.
    #[getter]
    fn more(&self) -> bool {
        self.more
    }

    /// The tracker of this frame: finished, the engine holds its own reference.
    #[getter]
    fn tracker(&self, py: Python<'_>) -> Py<PyAny> {
        finished_tracker(py)
    }

    /// A message property: `zmq.MORE` is the only one a frame has.
    fn get(&self, py: Python<'_>, option: &Bound<'_, PyAny>) -> PyResult<i32> {
        match option.extract::<i32>() {
            Ok(OPTION_MORE) => Ok(i32::from(self.more)),
            _ => Err(raise(py, &no_such_property(&option.to_string()))),
        }
    }

    /// Another frame that shares the body.
    fn fast_copy(&self) -> Self {
        Self::received(self.body.clone(), self.more)
    }

    fn __copy__(&self) -> Self {
        self.fast_copy()
    }

    fn __len__(&self) -> usize {
        self.body.len()
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        self.bytes(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shown = PyBytes::new(py, &self.body[..self.body.len().min(32)]).repr()?;
        let rest = if self.body.len() > 32 { "..." } else { "" };
        Ok(format!("<ohmq.Frame({shown}{rest})>"))
    }

    /// Fills in a buffer request.
    ///
    /// # Safety
    /// `view` comes from the interpreter and is valid for writing, as the buffer protocol demands.
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("no view to fill in"));
        }
        let body = slf.get().body.as_slice();
        let (start, len) =
            (body.as_ptr().cast_mut().cast(), isize::try_from(body.len()).unwrap_or(isize::MAX));
        // SAFETY: `view` is valid; the body lies in this object or in memory it holds, never moves or changes (the class
        // is frozen), and the view keeps a reference to the object. It is exported read-only.
        let filled = unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), start, len, 1, flags) };
        if filled == 0 { Ok(()) } else { Err(PyErr::fetch(slf.py())) }
    }
}

fn no_such_property(name: &str) -> Failure {
    Failure::new(ErrorCode::Einval, "get message property", name, "")
}
