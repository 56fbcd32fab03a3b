//! The error codes: errno numbers, names, exception classes and texts.

/// The base of the numbers that only ZeroMQ uses (`ZMQ_HAUSNUMERO`).
pub const ZMQ_ERRNO_BASE: i32 = 156_384_712;

/// One row of the error table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorRow {
    /// The number: Linux's for POSIX names, ZeroMQ's own for the others.
    pub errno: i32,
    /// The POSIX or ZeroMQ name, for instance `EAGAIN`.
    pub name: &'static str,
    /// The exception class in languages that have one per code; pyzmq's name where pyzmq has one.
    pub class_name: &'static str,
    /// The text shown to people; matches the C library's wording where there is one.
    pub message: &'static str,
    /// The offset from [`ZMQ_ERRNO_BASE`] that `zmq.h` uses where a platform lacks the name.
    pub zmq_offset: Option<i32>,
    /// When it happens, in one line.
    pub doc: &'static str,
}

table! {
    /// What went wrong. Each code is one row.
    ErrorCode: ErrorRow;

    /// The operation is not permitted to this process.
    Eperm = row(1, "EPERM", "OperationNotPermitted", "Operation not permitted");
    /// The endpoint to undo is not bound or connected, or a path does not exist.
    Enoent = row(2, "ENOENT", "NotFound", "No such file or directory");
    /// A signal or an interrupt ended the call before it did anything.
    Eintr = row(4, "EINTR", "InterruptedSystemCall", "Interrupted system call");
    /// The operating system failed to read or write.
    Eio = row(5, "EIO", "InputOutputError", "Input/output error");
    /// A descriptor is not open.
    Ebadf = row(9, "EBADF", "BadDescriptor", "Bad file descriptor");
    /// The call would block, or its timeout passed.
    Eagain = row(11, "EAGAIN", "Again", "Resource temporarily unavailable");
    /// Memory ran out.
    Enomem = row(12, "ENOMEM", "OutOfMemory", "Cannot allocate memory");
    /// The path of an ipc endpoint or a port is closed to this user.
    Eacces = row(13, "EACCES", "PermissionDenied", "Permission denied");
    /// The handle is not a context, message or poller of this process.
    Efault = row(14, "EFAULT", "BadHandle", "Bad address");
    /// Another operation on the same thing is still under way.
    Ebusy = row(16, "EBUSY", "Busy", "Device or resource busy");
    /// The thing to create is there already.
    Eexist = row(17, "EEXIST", "AlreadyExists", "File exists");
    /// The interface or host of an endpoint does not exist.
    Enodev = row(19, "ENODEV", "NoSuchDevice", "No such device");
    /// A part of an ipc path is not a directory.
    Enotdir = row(20, "ENOTDIR", "NotADirectory", "Not a directory");
    /// The path of an ipc endpoint is a directory.
    Eisdir = row(21, "EISDIR", "IsADirectory", "Is a directory");
    /// An argument, an endpoint, or an option's name, type or value is wrong.
    Einval = row(22, "EINVAL", "InvalidArgument", "Invalid argument");
    /// The system has no descriptors left.
    Enfile = row(23, "ENFILE", "TooManyOpenFilesInSystem", "Too many open files in system");
    /// The process has no descriptors left, or the context no sockets.
    Emfile = row(24, "EMFILE", "TooManyOpenFiles", "Too many open files");
    /// The disk is full.
    Enospc = row(28, "ENOSPC", "NoSpace", "No space left on device");
    /// The file system of an ipc path is read-only.
    Erofs = row(30, "EROFS", "ReadOnlyFileSystem", "Read-only file system");
    /// The other end stopped reading.
    Epipe = row(32, "EPIPE", "BrokenPipe", "Broken pipe");
    /// The path of an ipc endpoint is too long.
    Enametoolong = row(36, "ENAMETOOLONG", "NameTooLong", "File name too long");
    /// A part of an ipc path is a link to itself.
    Eloop = row(40, "ELOOP", "LinkLoop", "Too many levels of symbolic links");
    /// A peer broke the protocol.
    Eproto = row(71, "EPROTO", "ProtocolError", "Protocol error");
    /// The handle is not a socket, or the socket was closed.
    Enotsock = row(88, "ENOTSOCK", "NotASocket", "Socket operation on non-socket").offset(9);
    /// A message is longer than allowed.
    Emsgsize = row(90, "EMSGSIZE", "MessageTooLong", "Message too long").offset(10);
    /// The endpoint's transport is unknown or not part of this build.
    Eprotonosupport = row(93, "EPROTONOSUPPORT", "ProtocolNotSupported", "Protocol not supported").offset(2);
    /// The socket type cannot do this, or the option is not implemented yet.
    Enotsup = row(95, "ENOTSUP", "NotSupported", "Operation not supported").offset(1);
    /// The system lacks the endpoint's address family.
    Eafnosupport = row(97, "EAFNOSUPPORT", "AddressFamilyNotSupported", "Address family not supported by protocol").offset(11);
    /// Another socket is bound to the endpoint.
    Eaddrinuse = row(98, "EADDRINUSE", "AddressInUse", "Address already in use").offset(5);
    /// The endpoint's address is not one of this machine's.
    Eaddrnotavail = row(99, "EADDRNOTAVAIL", "AddressNotAvailable", "Cannot assign requested address").offset(6);
    /// The network interface is down.
    Enetdown = row(100, "ENETDOWN", "NetworkDown", "Network is down").offset(4);
    /// No route leads to the network.
    Enetunreach = row(101, "ENETUNREACH", "NetworkUnreachable", "Network is unreachable").offset(12);
    /// The network dropped the connection.
    Enetreset = row(102, "ENETRESET", "NetworkReset", "Network dropped connection on reset").offset(18);
    /// The connection was given up before it was accepted.
    Econnaborted = row(103, "ECONNABORTED", "ConnectionAborted", "Software caused connection abort").offset(13);
    /// The peer dropped the connection.
    Econnreset = row(104, "ECONNRESET", "ConnectionReset", "Connection reset by peer").offset(14);
    /// The system's network buffers are full.
    Enobufs = row(105, "ENOBUFS", "NoBufferSpace", "No buffer space available").offset(3);
    /// The socket is connected already.
    Eisconn = row(106, "EISCONN", "AlreadyConnected", "Transport endpoint is already connected");
    /// The socket has no connection.
    Enotconn = row(107, "ENOTCONN", "NotConnected", "Transport endpoint is not connected").offset(15);
    /// The peer did not answer in time.
    Etimedout = row(110, "ETIMEDOUT", "TimedOut", "Connection timed out").offset(16);
    /// Nobody listens at the endpoint.
    Econnrefused = row(111, "ECONNREFUSED", "ConnectionRefused", "Connection refused").offset(7);
    /// The message names a peer that is not there.
    Ehostunreach = row(113, "EHOSTUNREACH", "HostUnreachable", "Host unreachable").offset(17);
    /// An earlier attempt is still under way.
    Ealready = row(114, "EALREADY", "AlreadyInProgress", "Operation already in progress");
    /// The connection is being made.
    Einprogress = row(115, "EINPROGRESS", "InProgress", "Operation now in progress").offset(8);
    /// The socket's send and receive turns do not allow this call now.
    Efsm = native(51, "EFSM", "WrongState", "Operation cannot be accomplished in current state");
    /// The socket type cannot use the endpoint's transport.
    Enocompatproto = native(52, "ENOCOMPATPROTO", "IncompatibleProtocol", "The protocol is not compatible with the socket type");
    /// The context was terminated or shut down.
    Eterm = native(53, "ETERM", "ContextTerminated", "Context was terminated");
    /// The context has no I/O thread to do this.
    Emthread = native(54, "EMTHREAD", "NoIoThread", "No thread available");
}

impl ErrorCode {
    /// The number that crosses every language boundary: Linux's for POSIX names, ZeroMQ's own for the others.
    pub const fn errno(self) -> i32 {
        self.row().errno
    }

    /// The code with this number. `EOPNOTSUPP` is `ENOTSUP` on Linux.
    pub fn from_errno(errno: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|each| each.errno() == errno)
    }

    /// The POSIX or ZeroMQ name, for instance `EAGAIN`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The exception class in languages that have one per code, for instance `Again`.
    pub const fn class_name(self) -> &'static str {
        self.row().class_name
    }

    /// The text shown to people.
    pub const fn message(self) -> &'static str {
        self.row().message
    }
}

const fn row(errno: i32, name: &'static str, class_name: &'static str, message: &'static str) -> ErrorRow {
    ErrorRow { errno, name, class_name, message, zmq_offset: None, doc: "" }
}

const fn native(
    offset: i32,
    name: &'static str,
    class_name: &'static str,
    message: &'static str,
) -> ErrorRow {
    row(ZMQ_ERRNO_BASE + offset, name, class_name, message).offset(offset)
}

impl ErrorRow {
    const fn offset(self, offset: i32) -> Self {
        Self { zmq_offset: Some(offset), ..self }
    }

    const fn doc(self, doc: &'static str) -> Self {
        Self { doc: doc.trim_ascii(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_rise_and_names_are_unique() {
        assert!(ErrorCode::ALL.windows(2).all(|pair| pair[0].errno() < pair[1].errno()));
        let names: BTreeSet<_> = ErrorCode::ALL.iter().map(|each| each.name()).collect();
        let classes: BTreeSet<_> = ErrorCode::ALL.iter().map(|each| each.class_name()).collect();
        assert_eq!((names.len(), classes.len()), (ErrorCode::ALL.len(), ErrorCode::ALL.len()));
    }

    #[test]
    fn variants_are_spelled_like_their_names() {
        for each in ErrorCode::ALL {
            assert_eq!(format!("{each:?}").to_uppercase(), each.name());
            assert_eq!(ErrorCode::from_errno(each.errno()), Some(*each));
            assert!(!each.row().doc.is_empty() && !each.message().is_empty());
        }
        assert_eq!(ErrorCode::from_errno(0), None);
    }

    #[test]
    fn offsets_cover_zmq_h() {
        let offsets: BTreeSet<_> = ErrorCode::ALL.iter().filter_map(|each| each.row().zmq_offset).collect();
        assert_eq!(offsets, (1..=18).chain(51..=54).collect());
        assert_eq!(ErrorCode::Efsm.errno(), 156_384_763);
        assert_eq!(ErrorCode::Emthread.errno(), 156_384_766);
    }
}
