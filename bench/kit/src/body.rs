//! The messages: numbered and stamped by the sender, checked by the receiver, at a cost of a few nanoseconds for both.

/// Sequence numbers take the lower bits of the first eight bytes, the sender's number the upper.
const SENDER_SHIFT: u32 = 48;
const SEQUENCE: u64 = (1 << SENDER_SHIFT) - 1;
/// Messages too short for a number are only counted.
const NUMBERED: usize = 8;
/// Messages too short for a time stamp carry none.
const STAMPED: usize = 16;
/// Of so many messages, one is compared byte for byte; the others by number and length.
const COMPARED: u64 = 64;
/// The number of a message that only asks whether somebody is there.
const HELLO: u64 = u64::MAX;
/// The same for who subscribes to topics; text, because some libraries subscribe to nothing else.
pub(crate) const HELLO_TOPIC: &[u8] = b"!the last subscription";

/// A message that is sent again and again with a new number.
#[derive(Debug)]
pub struct Body {
    bytes: Vec<u8>,
    sender: u64,
    next: u64,
}

impl Body {
    pub fn new(size: usize, sender: usize) -> Self {
        let mut body = Self { bytes: pattern(size), sender: (sender as u64) << SENDER_SHIFT, next: 0 };
        body.stamp(0);
        body
    }

    /// The next message. Its number counts into the sum of the lane.
    #[inline]
    pub fn number(&mut self) -> u64 {
        let sequence = self.next;
        self.next += 1;
        if let Some(first) = self.bytes.first_chunk_mut::<NUMBERED>() {
            *first = (self.sender | sequence).to_le_bytes();
        }
        sequence
    }

    /// A time that the receiver measures from; 0 for none.
    #[inline]
    pub fn stamp(&mut self, time: u64) {
        if let Some(bytes) = self.bytes.get_mut(NUMBERED..STAMPED) {
            bytes.copy_from_slice(&time.to_le_bytes());
        }
    }

    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A message of this size that is not counted.
    pub fn hello(size: usize) -> Vec<u8> {
        let mut bytes = pattern(size.max(NUMBERED));
        bytes[..NUMBERED].copy_from_slice(&HELLO.to_le_bytes());
        bytes
    }

    pub fn is_hello(bytes: &[u8]) -> bool {
        bytes.first_chunk::<NUMBERED>() == Some(&HELLO.to_le_bytes()) || bytes == HELLO_TOPIC
    }

    /// The number of who sent this; 0 where a message is too short to tell.
    #[inline]
    pub fn sender_of(bytes: &[u8]) -> usize {
        bytes
            .first_chunk::<NUMBERED>()
            .map_or(0, |first| (u64::from_le_bytes(*first) >> SENDER_SHIFT) as usize)
    }

    /// When the sender meant or began to send this; 0 for unknown.
    #[inline]
    pub fn time_of(bytes: &[u8]) -> u64 {
        bytes.get(NUMBERED..STAMPED).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
    }
}

/// What may lie between two messages of one sender.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// Nothing: this lane receives everything.
    Complete,
    /// Messages that went to another lane, or that a full queue refused.
    Rising,
    /// Whatever: they came by several connections.
    Any,
}

/// What a receiving lane knows of the messages to come.
#[derive(Debug)]
pub struct Check {
    pattern: Vec<u8>,
    order: Order,
    /// The next number of each sender.
    next: Vec<u64>,
}

impl Check {
    pub fn new(size: usize, order: Order) -> Self {
        Self { pattern: pattern(size), order, next: Vec::new() }
    }

    /// The number of the message, or nothing when it is not the one that was sent.
    #[inline]
    pub fn accept(&mut self, bytes: &[u8]) -> Option<u64> {
        if bytes.len() != self.pattern.len() {
            return None;
        }
        let Some(first) = bytes.first_chunk::<NUMBERED>() else { return Some(0) };
        let word = u64::from_le_bytes(*first);
        let (sender, sequence) = ((word >> SENDER_SHIFT) as usize, word & SEQUENCE);
        let next = match self.next.get_mut(sender) {
            Some(next) => next,
            None => {
                self.next.resize(sender + 1, 0);
                &mut self.next[sender]
            }
        };
        let expected = std::mem::replace(next, sequence + 1);
        let in_order = match self.order {
            Order::Complete => sequence == expected,
            Order::Rising => sequence >= expected,
            Order::Any => true,
        };
        let whole = !sequence.is_multiple_of(COMPARED)
            || bytes.get(STAMPED..).unwrap_or_default() == self.pattern.get(STAMPED..).unwrap_or_default();
        (in_order && whole).then_some(sequence)
    }
}

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index.wrapping_mul(31) >> 3) as u8 ^ 0x5a).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_accepted() {
        for size in [1, 8, 16, 64, 1024] {
            let (mut body, mut check) = (Body::new(size, 3), Check::new(size, Order::Complete));
            for sequence in 0..200 {
                assert_eq!(body.number(), sequence);
                assert!(sequence > 0 || Body::time_of(body.bytes()) == 0, "no time unless stamped");
                body.stamp(77);
                assert_eq!(check.accept(body.bytes()), Some(if size < 8 { 0 } else { sequence }), "{size}");
            }
            assert_eq!(Body::time_of(body.bytes()), if size < 16 { 0 } else { 77 });
        }
    }

    #[test]
    fn lost_doubled_cut_and_spoilt_messages_are_found() {
        let (mut body, mut check) = (Body::new(64, 0), Check::new(64, Order::Complete));
        body.number();
        assert!(check.accept(body.bytes()).is_some());
        assert!(check.accept(body.bytes()).is_none(), "doubled");
        body.number();
        body.number();
        assert!(check.accept(body.bytes()).is_none(), "one is missing");
        assert!(check.accept(&body.bytes()[..63]).is_none(), "cut");
        let mut check = Check::new(64, Order::Complete);
        let mut spoilt = Body::new(64, 0).bytes().to_vec();
        spoilt[..8].fill(0);
        spoilt[40] ^= 1;
        assert!(check.accept(&spoilt).is_none(), "spoilt");
    }

    #[test]
    fn gaps_are_allowed_where_others_receive_too_but_not_steps_back() {
        let (mut body, mut check) = (Body::new(64, 1), Check::new(64, Order::Rising));
        body.number();
        let first = body.bytes().to_vec();
        body.number();
        body.number();
        assert_eq!(check.accept(&first), Some(0));
        assert_eq!(check.accept(body.bytes()), Some(2));
        assert!(check.accept(&first).is_none(), "a step back");
    }

    #[test]
    fn hellos_are_known() {
        assert!(Body::is_hello(&Body::hello(64)) && !Body::is_hello(Body::new(64, 0).bytes()));
    }
}
