//! An error in the form every language turns into its own exception.

use std::fmt;

use ohmq::{Error, ErrorCode};

/// What a call of this crate returns.
pub type Outcome<T> = Result<T, Failure>;

/// A failed call, with everything an exception needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The number libzmq would put into `errno`.
    pub errno: i32,
    /// The name of that number, `EAGAIN`.
    pub name: &'static str,
    /// The exception class of languages that have one per code, `Again`.
    pub class: &'static str,
    /// The whole sentence: code, text, operation, subject and detail.
    pub message: String,
    /// What was tried.
    pub operation: &'static str,
    /// On what.
    pub subject: String,
}

impl Failure {
    /// A failure of the binding layer itself.
    pub fn new(code: ErrorCode, operation: &'static str, subject: &str, detail: &str) -> Self {
        Error::new(code, operation, subject.to_owned()).because(detail.to_owned()).into()
    }

    /// Whether the call would have had to wait.
    pub fn is_again(&self) -> bool {
        self.errno == ErrorCode::Eagain.errno()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = error.code();
        Failure {
            errno: code.errno(),
            name: code.name(),
            class: code.class_name(),
            message: error.to_string(),
            operation: error.operation(),
            subject: error.subject().to_owned(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
