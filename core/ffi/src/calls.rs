//! The narrow waist: the calls every binding is made of. Options and types are named by libzmq's numbers.

use std::collections::VecDeque;
use std::time::Duration;

use ohmq::{
    Context, ContextOption, ErrorCode, Events, Message, OptionValue, SendError, SocketOption, SocketType,
};

use crate::failure::{Failure, Outcome};
use crate::guard::guard;
use crate::handle::{CONTEXTS, Handle, SOCKETS, context, socket};

/// A time limit: wait for ever.
pub const FOREVER: i64 = -1;
/// A time limit: as the socket's `SNDTIMEO` or `RCVTIMEO` says.
pub const AS_SET: i64 = -2;

/// Makes a context. The handle is 0, which no context has, if that panics.
pub fn context_new() -> Handle {
    guard("context", || Ok(CONTEXTS.insert(Context::new()))).unwrap_or(0)
}

/// Sets a context option by its number.
///
/// # Errors
///
/// `EFAULT` for a closed context, else as [`Context::set`]; `EINVAL` for an unknown number.
pub fn context_set(handle: Handle, option: i32, value: i32) -> Outcome<()> {
    guard("set", || {
        let option =
            ContextOption::from_id_for_set(option).ok_or_else(|| unknown("set", "context option", option))?;
        Ok(context(handle, "set")?.set(option, value)?)
    })
}

/// Reads a context option by its number.
///
/// # Errors
///
/// As [`context_set`].
pub fn context_get(handle: Handle, option: i32) -> Outcome<i32> {
    guard("get", || {
        let option =
            ContextOption::from_id_for_get(option).ok_or_else(|| unknown("get", "context option", option))?;
        Ok(context(handle, "get")?.get(option)?)
    })
}

/// Ends the work of a context's sockets; see [`Context::shutdown`]. The handle stays valid.
///
/// # Errors
///
/// `EFAULT` for a closed context.
pub fn context_shutdown(handle: Handle) -> Outcome<()> {
    guard("shutdown", || {
        context(handle, "shutdown")?.shutdown();
        Ok(())
    })
}

/// Ends a context and waits until its sockets are closed and have sent what they had; see [`Context::term`]. Blocks.
///
/// # Errors
///
/// `EFAULT` for a closed context.
pub fn context_term(handle: Handle) -> Outcome<()> {
    guard("term", || {
        context(handle, "term")?.term()?;
        CONTEXTS.remove(handle);
        Ok(())
    })
}

/// Forgets a context without waiting: what finalizers do.
pub fn context_forget(handle: Handle) {
    quietly("forget", || drop(CONTEXTS.remove(handle)));
}

/// Makes a socket of the type with this number.
///
/// # Errors
///
/// `EINVAL` for an unknown number, else as [`Context::socket`].
pub fn socket_new(handle: Handle, socket_type: i32) -> Outcome<Handle> {
    guard("socket", || {
        let kind =
            SocketType::from_id(socket_type).ok_or_else(|| unknown("socket", "socket type", socket_type))?;
        Ok(SOCKETS.insert(context(handle, "socket")?.socket(kind)?))
    })
}

/// Closes a socket; see [`ohmq::Socket::close`]. Never blocks; closing twice is fine.
pub fn socket_close(handle: Handle) {
    quietly("close", || {
        if let Some(socket) = SOCKETS.remove(handle) {
            socket.close();
        }
    });
}

/// Binds and returns the endpoint with wildcards resolved.
///
/// # Errors
///
/// As [`ohmq::Socket::bind`]; `ENOTSOCK` for a closed socket, here and in all calls below.
pub fn bind(handle: Handle, endpoint: &str) -> Outcome<String> {
    guard("bind", || Ok(socket(handle, "bind")?.bind(endpoint)?))
}

/// Connects.
///
/// # Errors
///
/// As [`ohmq::Socket::connect`].
pub fn connect(handle: Handle, endpoint: &str) -> Outcome<()> {
    guard("connect", || Ok(socket(handle, "connect")?.connect(endpoint)?))
}

/// Undoes a bind.
///
/// # Errors
///
/// As [`ohmq::Socket::unbind`].
pub fn unbind(handle: Handle, endpoint: &str) -> Outcome<()> {
    guard("unbind", || Ok(socket(handle, "unbind")?.unbind(endpoint)?))
}

/// Undoes a connect.
///
/// # Errors
///
/// As [`ohmq::Socket::disconnect`].
pub fn disconnect(handle: Handle, endpoint: &str) -> Outcome<()> {
    guard("disconnect", || Ok(socket(handle, "disconnect")?.disconnect(endpoint)?))
}

/// The number of a socket option by any of its names: `sndhwm`, `SNDHWM`, `ZMQ_SNDHWM`.
pub fn option_id(name: &str) -> Option<i32> {
    SocketOption::from_name(name).map(SocketOption::id)
}

/// Sets a socket option by its number.
///
/// # Errors
///
/// As [`ohmq::Socket::set`]; `EINVAL` for an unknown number.
pub fn set(handle: Handle, option: i32, value: OptionValue) -> Outcome<()> {
    guard("set", || {
        let option = SocketOption::from_id(option).ok_or_else(|| unknown("set", "socket option", option))?;
        Ok(socket(handle, "set")?.set(option, value)?)
    })
}

/// Reads a socket option by its number.
///
/// # Errors
///
/// As [`set`].
pub fn get(handle: Handle, option: i32) -> Outcome<OptionValue> {
    guard("get", || {
        let option = SocketOption::from_id(option).ok_or_else(|| unknown("get", "socket option", option))?;
        Ok(socket(handle, "get")?.get(option)?)
    })
}

/// Sends without waiting; the message comes back with the failure.
///
/// # Errors
///
/// As [`ohmq::Socket::try_send`].
pub fn try_send(handle: Handle, message: Message) -> Result<(), (Failure, Message)> {
    offer(|| match socket(handle, "send") {
        Ok(socket) => socket.try_send(message).map_err(split),
        Err(failure) => Err((failure, message)),
    })
}

/// Sends, waiting at most `timeout` milliseconds ([`FOREVER`], [`AS_SET`]). Blocks.
///
/// # Errors
///
/// As [`ohmq::Socket::send_timeout`].
pub fn send(handle: Handle, message: Message, timeout: i64) -> Result<(), (Failure, Message)> {
    offer(|| match socket(handle, "send") {
        Ok(socket) if timeout == AS_SET => socket.send(message).map_err(split),
        Ok(socket) => socket.send_timeout(message, limit(timeout)).map_err(split),
        Err(failure) => Err((failure, message)),
    })
}

/// Sends messages in order until one is refused. Takes what was sent out of the queue; the refused one stays its first.
///
/// # Errors
///
/// As [`try_send`], for the first that is refused.
pub fn send_many(handle: Handle, messages: &mut VecDeque<Message>) -> Outcome<()> {
    let socket = socket(handle, "send")?;
    while let Some(message) = messages.pop_front() {
        if let Err((failure, message)) = offer(|| socket.try_send(message).map_err(split)) {
            messages.push_front(message);
            return Err(failure);
        }
    }
    Ok(())
}

/// Receives without waiting; `None` when there is nothing.
///
/// # Errors
///
/// As [`ohmq::Socket::try_recv`], without `EAGAIN`.
pub fn try_recv(handle: Handle) -> Outcome<Option<Message>> {
    guard("receive", || match socket(handle, "receive")?.try_recv() {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.code() == ErrorCode::Eagain => Ok(None),
        Err(error) => Err(error.into()),
    })
}

/// Receives, waiting at most `timeout` milliseconds ([`FOREVER`], [`AS_SET`]). Blocks.
///
/// # Errors
///
/// As [`ohmq::Socket::recv_timeout`].
pub fn recv(handle: Handle, timeout: i64) -> Outcome<Message> {
    guard("receive", || {
        let socket = socket(handle, "receive")?;
        Ok(if timeout == AS_SET { socket.recv()? } else { socket.recv_timeout(limit(timeout))? })
    })
}

/// This moment, for [`send_since`] and [`recv_since`]; see [`ohmq::Socket::mark`]. For a closed socket any: the calls fail.
pub fn mark(handle: Handle) -> u64 {
    guard("mark", || Ok(socket(handle, "mark")?.mark().into())).unwrap_or(0)
}

/// As [`send`] with a limit of `timeout` milliseconds or [`FOREVER`]; an interrupt since `mark` ends it, a signal may.
///
/// # Errors
///
/// As [`ohmq::Socket::send_since`].
pub fn send_since(
    handle: Handle,
    mark: u64,
    message: Message,
    timeout: i64,
) -> Result<(), (Failure, Message)> {
    offer(|| match socket(handle, "send") {
        Ok(socket) => socket.send_since(mark.into(), message, limit(timeout)).map_err(split),
        Err(failure) => Err((failure, message)),
    })
}

/// As [`recv`] with a limit of `timeout` milliseconds or [`FOREVER`]; an interrupt since `mark` ends it, a signal may.
///
/// # Errors
///
/// As [`ohmq::Socket::recv_since`].
pub fn recv_since(handle: Handle, mark: u64, timeout: i64) -> Outcome<Message> {
    guard("receive", || Ok(socket(handle, "receive")?.recv_since(mark.into(), limit(timeout))?))
}

/// Receives up to `max` messages that are here now; none is an empty list.
///
/// # Errors
///
/// As [`try_recv`], when it happens on the first message.
pub fn recv_many(handle: Handle, max: usize) -> Outcome<Vec<Message>> {
    guard("receive", || {
        let socket = socket(handle, "receive")?;
        let mut messages = Vec::new();
        while messages.len() < max {
            match socket.try_recv() {
                Ok(message) => messages.push(message),
                Err(error) if error.code() == ErrorCode::Eagain || !messages.is_empty() => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(messages)
    })
}

/// What of `events` (1 in, 2 out) is possible now; if nothing, the descriptor of [`fd`] becomes readable when it is.
///
/// # Errors
///
/// As [`ohmq::Socket::arm`].
pub fn arm(handle: Handle, events: u32) -> Outcome<u32> {
    guard("poll", || Ok(socket(handle, "poll")?.arm(Events::from_bits(events))?.bits()))
}

/// The descriptor for event loops; see [`ohmq::Socket::fd`].
///
/// # Errors
///
/// As [`ohmq::Socket::fd`].
pub fn fd(handle: Handle) -> Outcome<i32> {
    guard("get", || Ok(socket(handle, "get")?.fd()?))
}

/// Blocks until something of `events` is possible, at most `timeout` milliseconds; 0 when the time is over.
///
/// # Errors
///
/// `EINTR` when a signal handler ran in this thread or [`interrupt`] was called.
pub fn wait(handle: Handle, events: u32, timeout: i64) -> Outcome<u32> {
    guard("poll", || Ok(socket(handle, "poll")?.wait(Events::from_bits(events), limit(timeout))?.bits()))
}

/// Ends every call blocked on this socket with `EINTR`; a closed socket has none.
pub fn interrupt(handle: Handle) {
    quietly("interrupt", || {
        if let Ok(socket) = socket(handle, "interrupt") {
            socket.interrupt();
        }
    });
}

/// What is possible now: 1 in, 2 out.
///
/// # Errors
///
/// As [`ohmq::Socket::events`].
pub fn events(handle: Handle) -> Outcome<u32> {
    guard("poll", || Ok(socket(handle, "poll")?.events()?.bits()))
}

/// The counters of a socket with their names.
///
/// # Errors
///
/// `ENOTSOCK` for a closed socket.
pub fn stats(handle: Handle) -> Outcome<Vec<(&'static str, u64)>> {
    guard("stats", || Ok(socket(handle, "stats")?.stats().fields().to_vec()))
}

/// The version of the engine: major, minor, patch.
pub fn version() -> (u32, u32, u32) {
    ohmq::version()
}

fn limit(timeout: i64) -> Option<Duration> {
    u64::try_from(timeout).ok().map(Duration::from_millis)
}

/// A call that cannot fail, and cannot unwind either: nobody could do anything about its panic.
fn quietly(operation: &'static str, call: impl FnOnce()) {
    let _ = guard(operation, || {
        call();
        Ok(())
    });
}

/// A send that cannot unwind; a message it panicked over is gone.
fn offer(call: impl FnOnce() -> Result<(), (Failure, Message)>) -> Result<(), (Failure, Message)> {
    guard("send", || Ok(call())).unwrap_or_else(|failure| Err((failure, Message::new())))
}

fn split(refused: SendError) -> (Failure, Message) {
    (refused.error.into(), refused.message)
}

fn unknown(operation: &'static str, what: &str, number: i32) -> Failure {
    Failure::new(ErrorCode::Einval, operation, &format!("{what} {number}"), "there is none with this number")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ZMQ_PUSH` and `ZMQ_PULL`.
    const PUSH: i32 = 8;
    const PULL: i32 = 7;

    #[test]
    fn what_a_batch_has_left_stays_where_it_is() {
        let context = context_new();
        let (push, pull) = (socket_new(context, PUSH).unwrap(), socket_new(context, PULL).unwrap());
        bind(pull, "inproc://batch").unwrap();
        connect(push, "inproc://batch").unwrap();
        let body = |number: usize| number.to_string().into_bytes();
        let mut messages: VecDeque<Message> = (0..5_000).map(|number| Message::from(body(number))).collect();
        let last: *const Message = &raw const messages[4_999];
        let mut received = 0;
        while let Err(failure) = send_many(push, &mut messages) {
            assert_eq!(failure.errno, ErrorCode::Eagain.errno());
            // However often it waits, a batch is neither copied nor shifted.
            assert!(std::ptr::eq(messages.back().unwrap(), last));
            assert_eq!(messages.front().unwrap().bytes(), body(5_000 - messages.len()));
            while let Some(message) = try_recv(pull).unwrap() {
                assert_eq!(message.bytes(), body(received));
                received += 1;
            }
        }
        assert!(received > 0 && messages.is_empty());
        socket_close(push);
        socket_close(pull);
        context_term(context).unwrap();
    }
}
