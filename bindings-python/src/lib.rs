//! The native half of the Python package: the parts that must be in Rust, under `ohmq._native`.
//!
//! Python classes in `python/ohmq` are built on it. Three rules hold everywhere: a call tries first while it holds the
//! interpreter and releases it only when it really has to wait; Rust threads never touch the interpreter; a destructor
//! only posts a close.

mod block;
mod context;
mod convert;
mod error;
mod frame;
mod options;
mod poll;
mod socket;
mod transfer;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::context::{
        context_get, context_new, context_release, context_set, context_shutdown, context_term, version,
    };
    #[pymodule_export]
    use super::error::install;
    #[pymodule_export]
    use super::frame::Frame;
    #[pymodule_export]
    use super::poll::poll_all;
    #[pymodule_export]
    use super::socket::Socket;
    #[pymodule_export]
    use super::transfer::{Batch, Unsent};
}
