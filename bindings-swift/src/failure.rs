//! Errors on their way to Swift: as a UniFFI error from the control plane, as errno plus a note from the message plane.

use std::cell::RefCell;

use ohmq_ffi::Failure;

/// What went wrong: the errno of the engine's table, and what was tried on what.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Error)]
pub enum EngineError {
    /// The only case: Swift turns it into its own public error type.
    Failed {
        /// The error's number in the table that all languages share.
        errno: i32,
        /// The whole sentence.
        text: String,
        /// The operation, such as `bind`.
        operation: String,
        /// What it was tried on, such as the endpoint.
        subject: String,
    },
}

impl std::fmt::Display for EngineError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::Failed { text, .. } = self;
        out.write_str(text)
    }
}

impl std::error::Error for EngineError {}

impl From<Failure> for EngineError {
    fn from(failure: Failure) -> Self {
        Self::Failed {
            errno: failure.errno,
            text: failure.message,
            operation: failure.operation.into(),
            subject: failure.subject,
        }
    }
}

thread_local! {
    static LAST: RefCell<Option<EngineError>> = const { RefCell::new(None) };
}

/// Remembers the error for [`take_last_error`] and gives its number, which the C function returns.
pub(crate) fn note(failure: Failure) -> i32 {
    let errno = failure.errno;
    // During a thread's end the slot may be gone: then only the number is told.
    let _ = LAST.try_with(|last| last.replace(Some(failure.into())));
    errno
}

/// The error behind the last non-zero number that a function of the message plane returned on this thread.
#[uniffi::export]
pub fn take_last_error() -> Option<EngineErrorRecord> {
    let EngineError::Failed { errno, text, operation, subject } = LAST.with(RefCell::take)?;
    Some(EngineErrorRecord { errno, text, operation, subject })
}

/// [`EngineError`] as a value: UniFFI can throw an error but not return one.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EngineErrorRecord {
    /// The error's number in the table that all languages share.
    pub errno: i32,
    /// The whole sentence.
    pub text: String,
    /// The operation, such as `receive`.
    pub operation: String,
    /// What it was tried on.
    pub subject: String,
}
