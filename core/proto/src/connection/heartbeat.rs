//! The timers of one connection, as instants to compare with: handshake, PING, silence after a PING, the peer's TTL.

use std::time::{Duration, Instant};

use crate::error::ProtocolError;

use super::Heartbeat;

#[derive(Debug, Default)]
pub(super) struct Timers {
    /// When the handshake must be finished.
    handshake: Option<Instant>,
    /// When the next PING is due.
    ping: Option<Instant>,
    /// When silence after our PING ends the connection.
    silence: Option<Instant>,
    /// When the peer's own promise of traffic ends.
    ttl: Option<Instant>,
    /// That was promised since somebody asked last.
    nearer: bool,
}

impl Timers {
    pub(super) fn new(handshake_timeout: Option<Duration>, now: Instant) -> Self {
        Self { handshake: handshake_timeout.and_then(|timeout| now.checked_add(timeout)), ..Self::default() }
    }

    /// The handshake is done: its deadline is off and heartbeats begin.
    pub(super) fn established(&mut self, heartbeat: Option<Heartbeat>, now: Instant) {
        self.handshake = None;
        self.ping = heartbeat.and_then(|heartbeat| now.checked_add(heartbeat.interval));
    }

    /// Something arrived: any traffic counts as life, not PONG alone (libzmq).
    #[inline]
    pub(super) fn alive(&mut self) {
        self.silence = None;
        self.ttl = None;
    }

    /// The peer's PING promised traffic within `tenths` of a second; zero promises nothing. The promise before it ended
    /// with the arrival of this PING.
    pub(super) fn promised(&mut self, tenths: u16, now: Instant) {
        if tenths > 0 {
            self.ttl = now.checked_add(Duration::from_millis(u64::from(tenths) * 100));
            self.nearer = true;
        }
    }

    pub(super) fn take_nearer(&mut self) -> bool {
        std::mem::take(&mut self.nearer)
    }

    pub(super) fn next(&self) -> Option<Instant> {
        [self.handshake, self.ping, self.silence, self.ttl].into_iter().flatten().min()
    }

    /// Checks what has expired. `Ok(true)`: a PING is due now.
    pub(super) fn expire(
        &mut self,
        heartbeat: Option<Heartbeat>,
        now: Instant,
    ) -> Result<bool, ProtocolError> {
        let past = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if past(self.handshake) {
            return Err(ProtocolError::HandshakeTimeout);
        }
        if past(self.silence) {
            return Err(ProtocolError::HeartbeatTimeout);
        }
        if past(self.ttl) {
            return Err(ProtocolError::TtlExpired);
        }
        let Some(heartbeat) = heartbeat.filter(|_| past(self.ping)) else { return Ok(false) };
        // From now, not from the missed deadline: a late timer must not send a burst of PINGs.
        self.ping = now.checked_add(heartbeat.interval.max(Duration::from_millis(1)));
        if self.silence.is_none() && !heartbeat.timeout.is_zero() {
            self.silence = now.checked_add(heartbeat.timeout);
        }
        Ok(true)
    }
}
