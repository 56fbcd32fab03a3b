//! A failed call as JavaScript sees it: a plain object, which the TypeScript turns into its error.

use napi::bindgen_prelude::Either;
use napi_derive::napi;
use ohmq_ffi::{Failure, Outcome};

/// What an error is made of.
#[napi(object)]
#[derive(Debug)]
pub struct NativeFailure {
    /// The name of the number, `EAGAIN`.
    pub code: String,
    /// The number libzmq would put into `errno`.
    pub errno: i32,
    /// The whole sentence.
    pub message: String,
    /// What was tried.
    pub operation: String,
    /// On what.
    pub subject: String,
}

impl From<Failure> for NativeFailure {
    fn from(failure: Failure) -> Self {
        NativeFailure {
            code: failure.name.to_owned(),
            errno: failure.errno,
            message: failure.message,
            operation: failure.operation.to_owned(),
            subject: failure.subject,
        }
    }
}

impl From<ohmq::Error> for NativeFailure {
    fn from(error: ohmq::Error) -> Self {
        Failure::from(error).into()
    }
}

/// The value or the failure.
pub(crate) type Answer<T> = Either<T, NativeFailure>;

/// The outcome of a call of the engine, ready to cross.
pub(crate) fn answer<T>(outcome: Outcome<T>) -> Answer<T> {
    match outcome {
        Ok(value) => Either::A(value),
        Err(failure) => Either::B(failure.into()),
    }
}
