//! The pauses a sender makes during a stream. Many are too short for a tick to notice, but not for the messages before them.
//!
//! ```text
//!           a batch is full, and a look is due             three, ever as many messages apart
//!   IGNORED ───────────────────────────────────▶ SOUGHT ───────────────────────────────────▶ EXPECTED
//!      ▲       not among the next 1,024 messages    │            none where the next was expected │
//!      └────────────────────────────────────────────┴─────────────────────────────────────────────┘
//! ```
//!
//! To look at the clock takes about as long as to gather a message. So the sender looks after each one only for a while, once in
//! many batches; and where pauses are expected, only there. Once may be chance, and so may twice: it is pre-empted now and then.

use std::time::Instant;

use super::pace::GAP;

/// Messages after which a sender looks for a pause, once it has begun to.
const LOOKS: u32 = if cfg!(shuttle) { 0 } else { 1024 };

/// After looks in vain it looks again after at most 2ⁿ batches.
const VAIN: u32 = 10;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pauses {
    state: State,
    /// When the message before was sent, if the sender did nothing else since than to send and to pause.
    last_end: Option<Instant>,
    /// Looks in a row that were in vain.
    vain: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// For so many batches yet.
    Ignored(u32),
    /// After so many messages yet. So many had been sent before the last one that was found, and so many since the one before.
    Sought { looks: u32, before: u64, length: u64 },
    Expected,
}

impl Default for State {
    fn default() -> Self {
        State::Ignored(0)
    }
}

impl Pauses {
    /// A batch is full, and its sender is about to write it, which is no pause.
    pub(super) fn on_batch(&mut self) {
        self.last_end = None;
        self.state = match self.state {
            State::Ignored(0) => State::Sought { looks: LOOKS, before: 0, length: 0 },
            State::Ignored(batches) => State::Ignored(batches - 1),
            state => state,
        };
    }

    /// Whether the time of each message is wanted.
    #[inline]
    pub(super) fn are_sought(&self) -> bool {
        matches!(self.state, State::Sought { looks: 1.., .. })
    }

    /// Whether the next is expected where the one before would have come after as many messages.
    #[inline]
    pub(super) fn are_expected(&self) -> bool {
        self.state == State::Expected
    }

    /// A message was sent whose time was wanted, after so many others. If pauses come after ever the same number of messages, and
    /// one came before this one, says that number.
    pub(super) fn on_look(&mut self, sent: u64, now: Instant) -> Option<u64> {
        let State::Sought { looks, before, length } = self.state else { return None };
        let paused = self.has_paused(now) == Some(true);
        let (before, last) = if paused { (sent, sent - before) } else { (before, length) };
        if paused && last == length {
            self.state = State::Expected;
            return Some(length);
        }
        self.state = State::Sought { looks: looks - 1, before, length: last };
        if looks == 1 {
            self.give_up();
        }
        None
    }

    /// The sender has written what it sent before an expected pause.
    pub(super) fn on_written(&mut self, now: Instant) {
        self.last_end = Some(now);
    }

    /// The first message was sent after an expected pause; says whether it was one.
    pub(super) fn on_expected(&mut self, now: Instant) -> bool {
        match self.has_paused(now) {
            Some(false) => {
                self.give_up();
                return false;
            }
            // Somebody else has written, so nobody knows.
            None => {}
            Some(true) => self.vain = self.vain.saturating_sub(1),
        }
        true
    }

    /// The stream is over. How soon to look again depends on what looking has led to.
    pub(super) fn on_end(&mut self) {
        match self.state {
            State::Ignored(_) => {}
            State::Sought { .. } => self.give_up(),
            State::Expected => self.state = State::Ignored(0),
        }
        self.last_end = None;
    }

    fn has_paused(&mut self, now: Instant) -> Option<bool> {
        let before = self.last_end.replace(now)?;
        Some(now - before >= GAP)
    }

    fn give_up(&mut self) {
        self.vain = (self.vain + 1).min(VAIN);
        *self = Pauses { state: State::Ignored(1 << self.vain), last_end: None, vain: self.vain };
    }
}
