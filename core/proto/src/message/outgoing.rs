//! What a caller wants to send: bytes that stay the caller's, or a message.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};

use super::{Frame, Message};

/// A message to be sent. Borrowed bytes become a [`Message`] only if they have to wait or to be changed: in a stream they
/// are copied once, to where they are written from.
///
/// Whatever a [`Message`] can be made from can be made into this.
#[derive(Clone, Debug)]
pub enum Outgoing<'a> {
    /// The body of a message of one frame.
    Borrowed(&'a [u8]),
    /// A message.
    Owned(Message),
}

impl Outgoing<'_> {
    /// The body of a message that is one frame and costs nothing but a copy: borrowed, or so short that it is inside the message.
    #[inline(always)]
    pub fn body(&self) -> Option<&[u8]> {
        match self {
            Outgoing::Borrowed(body) => Some(body),
            Outgoing::Owned(message) => message.inline_body(),
        }
    }

    /// The first frame, which a publisher's topic begins; empty where there is none.
    #[inline]
    pub fn first(&self) -> &[u8] {
        match self {
            Outgoing::Borrowed(body) => body,
            Outgoing::Owned(message) => message.bytes(),
        }
    }

    /// Bytes that the caller has made a message of; none where they are still the caller's.
    pub fn made(&self) -> usize {
        match self {
            Outgoing::Borrowed(_) => 0,
            Outgoing::Owned(message) => message.total_bytes(),
        }
    }

    /// The message, to be changed or kept in this place. Borrowed bytes are copied.
    #[inline]
    pub fn message(&mut self) -> &mut Message {
        if let Outgoing::Borrowed(body) = *self {
            *self = Outgoing::Owned(Message::from(body));
        }
        match self {
            Outgoing::Owned(message) => message,
            Outgoing::Borrowed(_) => unreachable!("it was made a message just now"),
        }
    }

    /// The message by value. Borrowed bytes are copied.
    #[inline]
    pub fn into_message(self) -> Message {
        match self {
            Outgoing::Borrowed(body) => Message::from(body),
            Outgoing::Owned(message) => message,
        }
    }
}

impl From<Outgoing<'_>> for Message {
    #[inline]
    fn from(outgoing: Outgoing<'_>) -> Self {
        outgoing.into_message()
    }
}

impl From<Message> for Outgoing<'_> {
    #[inline]
    fn from(message: Message) -> Self {
        Outgoing::Owned(message)
    }
}

impl<'a> From<&'a [u8]> for Outgoing<'a> {
    #[inline]
    fn from(body: &'a [u8]) -> Self {
        Outgoing::Borrowed(body)
    }
}

impl<'a> From<&'a str> for Outgoing<'a> {
    #[inline]
    fn from(body: &'a str) -> Self {
        Outgoing::Borrowed(body.as_bytes())
    }
}

impl<'a> From<&'a String> for Outgoing<'a> {
    #[inline]
    fn from(body: &'a String) -> Self {
        Outgoing::Borrowed(body.as_bytes())
    }
}

impl<'a> From<&'a Vec<u8>> for Outgoing<'a> {
    #[inline]
    fn from(body: &'a Vec<u8>) -> Self {
        Outgoing::Borrowed(body)
    }
}

impl<'a> From<&'a Bytes> for Outgoing<'a> {
    #[inline]
    fn from(body: &'a Bytes) -> Self {
        Outgoing::Borrowed(body)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Outgoing<'a> {
    #[inline]
    fn from(body: &'a [u8; N]) -> Self {
        Outgoing::Borrowed(body)
    }
}

impl<'a> From<Cow<'a, [u8]>> for Outgoing<'a> {
    fn from(body: Cow<'a, [u8]>) -> Self {
        match body {
            Cow::Borrowed(body) => Outgoing::Borrowed(body),
            Cow::Owned(body) => Outgoing::Owned(Message::from(body)),
        }
    }
}

macro_rules! owned {
    ($([$($generics:tt)*] $from:ty),* $(,)?) => {$(
        impl<$($generics)*> From<$from> for Outgoing<'_> {
            #[inline]
            fn from(body: $from) -> Self {
                Outgoing::Owned(Message::from(body))
            }
        }
    )*};
}

owned!([] Frame, [] String, [] Vec<u8>, [] Box<[u8]>, [] Bytes, [] BytesMut, [const N: usize] [u8; N],
    [] Vec<Frame>, [const N: usize] [Frame; N], [] &[&[u8]]);

macro_rules! parts {
    ($($part:ty),* $(,)?) => {$(
        owned!([] Vec<$part>, [const N: usize] [$part; N]);
    )*};
}

parts!(Vec<u8>, Bytes, String, &[u8], &str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_the_callers_until_a_message_is_wanted() {
        let body = vec![7; 300];
        let mut outgoing = Outgoing::from(&body);
        assert!(matches!(outgoing, Outgoing::Borrowed(same) if std::ptr::eq(same, &body[..])));
        assert_eq!(*outgoing.message(), Message::from(&body));
        assert!(matches!(outgoing, Outgoing::Owned(_)));
        assert_eq!(outgoing.into_message(), Message::from(body));
    }

    #[test]
    fn it_is_made_from_whatever_a_message_is_made_from() {
        let expected = Message::from("ab");
        for outgoing in [
            Outgoing::from("ab"),
            Outgoing::from(b"ab"),
            Outgoing::from(*b"ab"),
            Outgoing::from(String::from("ab")),
            Outgoing::from(Frame::from("ab")),
            Outgoing::from(Cow::Borrowed(&b"ab"[..])),
        ] {
            assert_eq!(Message::from(outgoing), expected);
        }
        assert_eq!(Outgoing::from(["a", "b"]).into_message(), Message::from(["a", "b"]));
    }
}
