//! The protocol versions a session can have.

use std::fmt;

use super::FrameFormat;

/// The ZMTP version two peers settled on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// Major number, 1 to 3.
    pub major: u8,
    /// Minor number, 0 or 1.
    pub minor: u8,
}

impl Version {
    /// ZMTP 1.0 (RFC 13): libzmq 2.x.
    pub const V1_0: Self = Self { major: 1, minor: 0 };
    /// ZMTP 2.0 (RFC 15): libzmq 3.x.
    pub const V2_0: Self = Self { major: 2, minor: 0 };
    /// ZMTP 3.0 (RFC 23): libzmq 4.0 to 4.1, JeroMQ.
    pub const V3_0: Self = Self { major: 3, minor: 0 };
    /// ZMTP 3.1 (RFC 37): libzmq 4.2 and later.
    pub const V3_1: Self = Self { major: 3, minor: 1 };

    /// How frames are laid out.
    pub fn frame_format(self) -> FrameFormat {
        if self.major < 2 { FrameFormat::V1 } else { FrameFormat::V2 }
    }

    /// Whether subscriptions travel as SUBSCRIBE and CANCEL commands (3.1) or as messages.
    pub(crate) fn subscription_commands(self) -> bool {
        self >= Self::V3_1
    }

    /// Whether there are commands at all, and so heartbeats.
    pub(crate) fn commands(self) -> bool {
        self.major >= 3
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
