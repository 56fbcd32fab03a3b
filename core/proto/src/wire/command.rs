//! Commands of ZMTP 3.x: a length-prefixed name, then a body in the command's own form.

use crate::error::ProtocolError;

/// Longest context a PING may carry; libzmq cuts what is longer when it answers, and so do we.
pub(crate) const MAX_CONTEXT: usize = 16;

/// A command, parsed in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    /// End of the NULL handshake: properties follow.
    Ready(&'a [u8]),
    /// The peer refuses: reason.
    Error(&'a [u8]),
    /// Time-to-live in tenths of a second, context to send back.
    Ping(u16, &'a [u8]),
    /// An answer to PING.
    Pong,
    /// A topic the peer wants.
    Subscribe(&'a [u8]),
    /// A topic the peer no longer wants.
    Cancel(&'a [u8]),
    /// A group the peer joins.
    Join(&'a [u8]),
    /// A group the peer leaves.
    Leave(&'a [u8]),
    /// Any other name.
    Other(&'a [u8]),
}

/// Parses a command frame's body.
pub(crate) fn parse(body: &[u8]) -> Result<Command<'_>, ProtocolError> {
    let malformed = |command, reason| Err(ProtocolError::MalformedCommand { command, reason });
    let Some((&name_len, rest)) = body.split_first() else { return malformed("unnamed", "it is empty") };
    let Some((name, rest)) = rest.split_at_checked(usize::from(name_len)) else {
        return malformed("unnamed", "its name is longer than the frame");
    };
    Ok(match name {
        b"" => return malformed("unnamed", "its name is empty"),
        b"READY" => Command::Ready(rest),
        b"ERROR" => match rest.split_first().map(|(len, reason)| reason.get(..usize::from(*len))) {
            Some(Some(reason)) => Command::Error(reason),
            Some(None) => return malformed("ERROR", "its reason is longer than the frame"),
            None => return malformed("ERROR", "it has no reason"),
        },
        b"PING" => match rest.split_first_chunk::<2>() {
            Some((ttl, context)) => Command::Ping(u16::from_be_bytes(*ttl), context),
            None => return malformed("PING", "it has no time-to-live"),
        },
        b"PONG" => Command::Pong,
        b"SUBSCRIBE" => Command::Subscribe(rest),
        b"CANCEL" => Command::Cancel(rest),
        b"JOIN" => Command::Join(rest),
        b"LEAVE" => Command::Leave(rest),
        name => Command::Other(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_in_their_own_form() {
        assert_eq!(parse(b"\x04PING\x01\x02ctx"), Ok(Command::Ping(0x0102, b"ctx")));
        assert_eq!(parse(b"\x05ERROR\x03400"), Ok(Command::Error(b"400")));
        assert_eq!(parse(b"\x09SUBSCRIBE"), Ok(Command::Subscribe(b"")));
        assert_eq!(parse(b"\x04PINGS"), parse(b"\x04PINGS"));
        assert_eq!(parse(b"\x05HELLOx"), Ok(Command::Other(b"HELLO")));
    }

    #[test]
    fn broken_bodies_are_typed_errors() {
        for body in [
            &b""[..],
            b"\0",
            b"\x05REA",
            b"\xFFx",
            b"\x04PING",
            b"\x04PING\0",
            b"\x05ERROR",
            b"\x05ERROR\x04400",
        ] {
            assert!(
                matches!(parse(body), Err(ProtocolError::MalformedCommand { .. })),
                "{}",
                body.escape_ascii()
            );
        }
    }
}
