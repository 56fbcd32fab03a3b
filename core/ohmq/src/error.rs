//! One error type for every call: the code from the table, what was tried, and on what.

use std::borrow::Cow;
use std::{fmt, io};

use ohmq_proto::Message;
use ohmq_spec::ErrorCode;

/// What every fallible call of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with the code that libzmq's manual names for it, the operation that failed and the thing it failed on.
///
/// ```
/// let context = ohmq::Context::new();
/// let socket = context.socket(ohmq::SocketType::Pull)?;
/// let error = socket.bind("tcp://nonsense").unwrap_err();
/// assert_eq!(error.code(), ohmq::ErrorCode::Einval);
/// assert!(error.to_string().starts_with("EINVAL"));
/// # Ok::<(), ohmq::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error {
    code: ErrorCode,
    operation: &'static str,
    subject: Cow<'static, str>,
    detail: Option<Box<str>>,
}

// A received message is not moved about to make place for an error: their results are as large as the message alone, and what
// is in it lies where it lay.
const _: () = assert!(size_of::<Result<Message>>() == size_of::<Message>());

impl Error {
    /// An error of `code` that happened while doing `operation` to `subject`.
    pub fn new(code: ErrorCode, operation: &'static str, subject: impl Into<Cow<'static, str>>) -> Self {
        Error { code, operation, subject: subject.into(), detail: None }
    }

    /// The same error with a sentence that says what exactly was wrong.
    #[must_use]
    pub fn because(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into().into());
        self
    }

    /// The row of the error table.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The number libzmq would put into `errno`.
    pub fn errno(&self) -> i32 {
        self.code.errno()
    }

    /// What was tried: `bind`, `send`, `set`, ….
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// What it was tried on: an endpoint, an option, a socket type.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What exactly was wrong; empty when the code says it all.
    pub fn detail(&self) -> &str {
        self.detail.as_deref().unwrap_or_default()
    }

    /// The error of an operating system call.
    pub(crate) fn from_io(
        error: &io::Error,
        operation: &'static str,
        subject: impl Into<Cow<'static, str>>,
    ) -> Self {
        let code = error.raw_os_error().and_then(ErrorCode::from_errno).unwrap_or(match error.kind() {
            io::ErrorKind::NotFound => ErrorCode::Enodev,
            io::ErrorKind::AddrInUse => ErrorCode::Eaddrinuse,
            io::ErrorKind::InvalidInput => ErrorCode::Einval,
            io::ErrorKind::OutOfMemory => ErrorCode::Enomem,
            _ => ErrorCode::Eio,
        });
        Error::new(code, operation, subject).because(error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}", self.code.name(), self.code.message(), self.operation)?;
        if !self.subject.is_empty() {
            write!(f, " {}", self.subject)?;
        }
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for Error {}

/// A send that did not happen, with the message it did not take.
#[derive(Clone, Debug)]
pub struct SendError {
    /// Why.
    pub error: Error,
    /// The message, whole and unchanged.
    pub message: Message,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for SendError {}

impl From<SendError> for Error {
    fn from(refused: SendError) -> Self {
        refused.error
    }
}
