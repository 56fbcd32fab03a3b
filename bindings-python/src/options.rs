//! Option values across the boundary: `int`, `bool` and `bytes` in Python, as in pyzmq.

use ohmq::OptionValue;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyString};

use crate::convert;

/// libzmq's numbers of the options that the binding itself has a part in.
pub(crate) mod id {
    pub(crate) const RCVMORE: i32 = 13;
    pub(crate) const EVENTS: i32 = 15;
    pub(crate) const TYPE: i32 = 16;
    pub(crate) const RCVTIMEO: i32 = 27;
    pub(crate) const SNDTIMEO: i32 = 28;
}

/// A value to set. Whether the option takes it is the engine's to say.
pub(crate) fn value_from(value: &Bound<'_, PyAny>) -> PyResult<OptionValue> {
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(OptionValue::Int(i32::from(flag.is_true())));
    }
    if let Ok(number) = value.cast::<PyInt>() {
        return number_from(number);
    }
    if value.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("str is not an option value: use set_string, or encode it"));
    }
    let bytes = convert::frame_from(value).map_err(|_| {
        PyTypeError::new_err(format!("an option value is an int, a bool or bytes, not {}", value.get_type()))
    })?;
    Ok(OptionValue::Bytes(bytes.to_vec()))
}

/// A value that was read. Text is `bytes` too, as pyzmq gives it.
pub(crate) fn value_to(py: Python<'_>, value: OptionValue) -> PyResult<Bound<'_, PyAny>> {
    Ok(match value {
        OptionValue::Bool(flag) => PyBool::new(py, flag).to_owned().into_any(),
        OptionValue::Int(number) => number.into_pyobject(py)?.into_any(),
        OptionValue::Int64(number) => number.into_pyobject(py)?.into_any(),
        OptionValue::Uint64(number) => number.into_pyobject(py)?.into_any(),
        OptionValue::Bytes(bytes) => PyBytes::new(py, &bytes).into_any(),
        OptionValue::Text(text) => PyBytes::new(py, text.as_bytes()).into_any(),
    })
}

fn number_from(number: &Bound<'_, PyInt>) -> PyResult<OptionValue> {
    if let Ok(small) = number.extract::<i32>() {
        return Ok(OptionValue::Int(small));
    }
    if let Ok(signed) = number.extract::<i64>() {
        return Ok(OptionValue::Int64(signed));
    }
    number.extract::<u64>().map(OptionValue::Uint64)
}
