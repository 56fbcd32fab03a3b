//! How long bursts are, and when the sender of a stream is to write before a batch is full.

use super::pace::{STREAK, now};
use super::pauses::Pauses;

/// A sender that sends fewer messages than this from one tick to the next writes every portion of so many itself.
pub(super) const FAST: u64 = 512;
pub(super) const PORTION: u64 = if cfg!(shuttle) { 2 } else { 256 };

/// What a sender should write before a batch is full.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Due {
    Nothing,
    /// All there is, if one short write does it.
    Portion,
    /// All there is: nothing more may come for a while.
    Burst,
}

/// How long bursts are, and when the sender is to write before a batch is full. Messages are counted from the beginning of
/// the socket on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Portions {
    sent: u64,
    /// Those before the present burst.
    before: u64,
    /// Those when it is as long as the one before.
    end: u64,
    /// Of the last two bursts, the length of the last, and of the shorter one.
    last: u64,
    shorter: u64,
    /// Those when the last tick looked.
    ticked: u64,
    /// Those when the next portion of a slow stream is complete; 0 in a fast one.
    next: u64,
    pauses: Pauses,
}

impl Portions {
    /// A message was sent.
    #[inline]
    pub(super) fn on_sent(&mut self) {
        self.sent += 1;
    }

    /// The same bursts after the end of a stream, which is neither slow nor fast any more.
    pub(super) fn after_stream(mut self) -> Self {
        self.pauses.on_end();
        Portions { next: 0, ..self }
    }

    /// Nothing was sent for a while.
    pub(super) fn on_gap(&mut self) {
        self.on_gap_after(self.sent);
    }

    fn on_gap_after(&mut self, sent: u64) {
        let length = sent - self.before;
        if length > 0 {
            self.before = sent;
            self.end = sent + length;
            (self.shorter, self.last) = (length.min(self.last), length);
        }
    }

    /// The sender receives: what it does meanwhile is no pause.
    pub(super) fn on_received(&mut self) {
        self.pauses.on_other();
    }

    /// A batch is full, and its sender is about to write it.
    pub(super) fn on_batch(&mut self) {
        self.pauses.on_batch();
    }

    /// The messages of a row after which it is a stream.
    pub(super) fn streak(&self) -> u32 {
        if self.shorter > u64::from(STREAK) { 1 } else { STREAK }
    }

    pub(super) fn on_tick(&mut self, fills_batches: bool) {
        let slow = self.sent - self.ticked < FAST && !fills_batches && !self.pauses.are_expected();
        self.ticked = self.sent;
        self.next = if slow { self.sent + PORTION } else { 0 };
    }

    /// What the message that was sent just now completes.
    #[inline]
    pub(super) fn due(&mut self) -> Due {
        self.look_for_pause();
        let portion = self.sent == self.next;
        if portion {
            self.next += PORTION;
            self.pauses.on_batch();
        }
        match self.sent == self.end {
            true => Due::Burst,
            false if portion => Due::Portion,
            false => Due::Nothing,
        }
    }

    #[inline]
    fn look_for_pause(&mut self) {
        let before = self.sent - 1;
        if self.pauses.are_sought() {
            if let Some(length) = self.pauses.on_look(before, now()) {
                (self.before, self.end) = (before, before + length);
            }
        } else if self.pauses.are_expected() && before == self.end && self.pauses.on_expected(now()) {
            self.on_gap_after(before);
        }
    }

    /// Whether the messages sent so far end a burst: they are to be followed by [`Portions::on_written`].
    pub(super) fn end_burst(&self) -> bool {
        self.pauses.are_expected() && self.sent == self.end
    }

    /// All that was sent is written.
    pub(super) fn on_written(&mut self) {
        self.pauses.on_written(now());
    }

    /// Messages until [`Portions::due`] has to be asked.
    #[inline]
    pub(super) fn left(&self) -> usize {
        if self.pauses.are_sought() || self.end_burst() {
            return 0;
        }
        let until = |end: u64| end.checked_sub(self.sent + 1).map_or(usize::MAX, |left| left as usize);
        until(self.end).min(until(self.next))
    }
}
