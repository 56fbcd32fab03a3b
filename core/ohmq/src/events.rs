//! What a socket can be ready for.

use std::ops::{BitAnd, BitOr};

/// A set of readiness: [`Events::IN`], [`Events::OUT`], both or none.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Events(u8);

impl Events {
    /// Neither.
    pub const NONE: Events = Events(0);
    /// A message can be received without waiting (`ZMQ_POLLIN`).
    pub const IN: Events = Events(ohmq_queue::doorbell::IN);
    /// A message can be sent without waiting (`ZMQ_POLLOUT`).
    pub const OUT: Events = Events(ohmq_queue::doorbell::OUT);

    /// From libzmq's numbers: 1 for in, 2 for out; other bits are ignored.
    pub fn from_bits(bits: u32) -> Events {
        Events((bits & 3) as u8)
    }

    /// libzmq's numbers.
    pub fn bits(self) -> u32 {
        u32::from(self.0)
    }

    /// No readiness at all.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a message can be received.
    pub fn readable(self) -> bool {
        self.0 & Events::IN.0 != 0
    }

    /// Whether a message can be sent.
    pub fn writable(self) -> bool {
        self.0 & Events::OUT.0 != 0
    }

    pub(crate) fn interest(self) -> u8 {
        self.0
    }
}

impl BitOr for Events {
    type Output = Events;

    fn bitor(self, other: Events) -> Events {
        Events(self.0 | other.0)
    }
}

impl BitAnd for Events {
    type Output = Events;

    fn bitand(self, other: Events) -> Events {
        Events(self.0 & other.0)
    }
}
