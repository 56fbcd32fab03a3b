//! How fast a link's user sends, and so who writes: the sender at once, or in batches while it streams.
//!
//! ```text
//!            16 sends without a turn, each < 5 µs after the one before
//!   INLINE ───────────────────────────────────────────────────────────▶ STREAM
//!      ▲    every send is written by its sender         sends only append │
//!      └───────────────────────────────────────────────────────────────────┘
//!                     a tick of the I/O thread found nothing new
//! ```
//!
//! In a stream bytes are written by the sender when a batch is full or the high-water mark is reached, by the same
//! thread when it turns to receive, poll or close, and by the I/O thread's tick when they have waited for a whole tick.
//! Renting 16 inline writes costs as much as waking the I/O thread once, so request and reply never get that far.

use std::time::{Duration, Instant};

/// Sends in a row that make a stream.
const STREAK: u32 = 16;

/// A send that begins later than this after the previous one ended is not part of a row.
const GAP: Duration = Duration::from_micros(5);

/// The first look of the I/O thread, and later ones: rarely while the sender writes its batches itself.
pub(crate) const FIRST_TICK: Duration = Duration::from_micros(50);
const NEXT_TICK: Duration = Duration::from_micros(100);
const RARE_TICK: Duration = Duration::from_micros(200);

/// Bytes that are written at once in a stream of small messages, and of larger ones.
const BATCH: usize = 64 * 1024;
const LARGE_BATCH: usize = 256 * 1024;

/// Messages from this size on make large batches.
const LARGE: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Pace {
    streaming: bool,
    streak: u32,
    turn: u64,
    last_end: Option<Instant>,
    /// Messages since the last tick.
    fresh: bool,
    /// The sender wrote a batch since the last tick.
    flushed: bool,
}

/// What becomes of a message that was just queued.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Write now.
    Write,
    /// Leave it for the batch.
    Gather,
    /// Leave it, and have the I/O thread tick from now on.
    Begin,
}

/// What a tick has to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tick {
    /// Look again after this time.
    Wait(Duration),
    /// Write what has been lying, and look again after this time.
    Write(Duration),
    /// The stream is over.
    End,
}

impl Pace {
    /// A message of `size` bytes was queued in the sender's turn number `turn`; `queued` bytes wait.
    #[inline]
    pub(super) fn on_send(&mut self, turn: u64, size: usize, queued: usize) -> Step {
        if self.streaming {
            self.fresh = true;
            let batch = if size >= LARGE { LARGE_BATCH } else { BATCH };
            return if queued >= batch { Step::Write } else { Step::Gather };
        }
        let close = self.last_end.is_some_and(|end| end.elapsed() < GAP);
        self.streak = if close && turn == self.turn { self.streak + 1 } else { 0 };
        self.turn = turn;
        if self.streak < STREAK {
            return Step::Write;
        }
        self.streaming = true;
        self.fresh = true;
        Step::Begin
    }

    /// A write ended.
    #[inline]
    pub(super) fn on_written(&mut self) {
        if self.streaming {
            self.flushed = true;
        } else {
            self.last_end = Some(Instant::now());
        }
    }

    /// The I/O thread looks after the stream; `queued` says whether bytes wait.
    pub(super) fn on_tick(&mut self, queued: bool) -> Tick {
        let fresh = std::mem::take(&mut self.fresh);
        if std::mem::take(&mut self.flushed) {
            return Tick::Wait(RARE_TICK);
        }
        if queued {
            return Tick::Write(NEXT_TICK);
        }
        if fresh {
            return Tick::Wait(NEXT_TICK);
        }
        *self = Pace::default();
        Tick::End
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pace: &mut Pace, sends: u32, turn: u64) -> u32 {
        let mut written = 0;
        for _ in 0..sends {
            if pace.on_send(turn, 64, 66) == Step::Write {
                written += 1;
                pace.on_written();
            }
        }
        written
    }

    #[test]
    fn a_turn_ends_the_row() {
        let mut pace = Pace::default();
        for turn in 0..100 {
            assert_eq!(run(&mut pace, 3, turn), 3);
        }
        assert!(!pace.streaming);
    }

    #[test]
    fn an_idle_tick_ends_the_stream() {
        let mut pace = Pace { streaming: true, fresh: true, ..Pace::default() };
        assert_eq!(pace.on_tick(true), Tick::Write(NEXT_TICK));
        pace.on_written();
        assert_eq!(pace.on_tick(false), Tick::Wait(RARE_TICK));
        assert_eq!(pace.on_tick(false), Tick::End);
        assert!(!pace.streaming);
    }

    #[test]
    fn a_full_batch_is_written_by_its_sender() {
        let mut pace = Pace { streaming: true, ..Pace::default() };
        assert_eq!(pace.on_send(0, 64, BATCH - 1), Step::Gather);
        assert_eq!(pace.on_send(0, 64, BATCH), Step::Write);
        assert_eq!(pace.on_send(0, 1024, BATCH), Step::Gather);
    }
}
