//! How fast a socket's user sends, and so who writes: the sender at once, or in batches while it streams.
//!
//! ```text
//!            16 writes without a turn, each send begins < 5 µs after the one before
//!   INLINE ───────────────────────────────────────────────────────────▶ STREAM
//!      ▲    every send is written by its sender         sends only gather │
//!      └───────────────────────────────────────────────────────────────────┘
//!                 some ticks in a row of the I/O thread found nothing new
//! ```
//!
//! In a stream bytes are written by the sender when a batch is full or the high-water mark is reached, by the same
//! thread when it finds nothing to receive, polls or closes, and by the I/O thread's tick: what is there when no batch was
//! written just before, else what has waited for a whole tick. (A tick first looks without the socket's lock: while a sender to
//! one peer has written a batch since the tick before, there is nothing to be done.) So the last message of a burst waits for three
//! ticks at most.
//! Bursts tend to be as long as the one before: with the message that would be the last of such a burst its sender writes
//! all there is, and nobody has to wait for a tick. (Pauses between them that are too short for a tick to notice are
//! [found by the sender](super::pauses).) Nor do short ones of a stream to one peer that is too slow to fill
//! a batch between two ticks: its sender writes every 256 messages.
//! Renting 16 inline writes costs as much as waking the I/O thread once, so request and reply never get that far. Where the
//! last two bursts did, there is nothing to be rented: the first message is written at once, which wakes its receiver, and
//! the stream begins with the second.
//!
//! Who receives what is there and answers, again and again, does not turn to anything else: the answers are gathered as well, and
//! written when there is nothing more to be received, or when the user takes longer from one message to the next than from one
//! send of a row to the next. The answer to a peer that has nothing else to be answered is written at once: the peer waits for it.
//! Where there are only a few to be answered at a time, no row gets long enough: there a stream begins when a batch would have
//! spared 16 writes, over however many turns.
//!
//! The stream is the socket's, not a peer's: a publication to many peers, or work dealt out to many, is one stream.
//! Publications that nobody wants neither end a row nor lengthen a stream. The few that are wanted among them wait no
//! longer than others: they are written at once until 16 were close enough to each other, and by the ticks from then on.

use std::time::{Duration, Instant};

use ohmq_queue::mistake::{Mistake, planted};
use ohmq_queue::sync::{AtomicU64, Ordering};

use super::portions::{Due, Portions};

/// Writes in a row that make a stream: sends, but for those to many peers.
pub(super) const STREAK: u32 = if cfg!(shuttle) { 1 } else { 16 };

/// A send that begins later than this after the previous one ended is not part of a row.
pub(super) const GAP: Duration = if cfg!(shuttle) { Duration::MAX } else { Duration::from_micros(5) };

/// What a copy takes, for a KiB, where copies are slow: some processors need that much when the bytes go to where they lie a few
/// bytes further from a page's beginning.
const COPY: Duration = Duration::from_nanos(512);

/// So many publications that nobody wanted may lie between two of a row.
const PASSED: u32 = 1_000;

/// From one look of the I/O thread to the next. It looks first as soon as it is awake, which takes about as long: a
/// burst is over by then.
const TICK: Duration = Duration::from_micros(50);

/// The same when the sender has been writing its batches itself for `STEADY` looks: that is no burst.
const RARE_TICK: Duration = Duration::from_micros(200);
const STEADY: u64 = 32;

/// So many looks in a row that find nothing end a stream: to begin one anew costs a short pause more than they do.
const IDLE: u32 = if cfg!(shuttle) { 1 } else { 4 };

/// A sender that wrote a batch within this time, or within a little more than the last batch took, is about to fill the next:
/// one of the shortest messages takes some 150 µs. Who wrote the beginning of it meanwhile would only be in its way.
const FILLING: Duration = Duration::from_micros(50);

/// However long the last batch took.
const LONG_FILLING: Duration = Duration::from_micros(200);

/// At most 2ⁿ sends that are far ahead of the network go on without waiting for it, after waits in vain.
const VAIN: u32 = 10;

/// What a tick sees of a stream without the socket's lock, which it would have to wrest from the sender: whether the sender
/// has written a batch since the tick before, of all that it had gathered. Then nothing is old.
#[derive(Debug, Default)]
pub(super) struct Glimpse {
    /// Batches written. Belongs to who has the socket's lock.
    written: AtomicU64,
    /// Those the tick before saw, and how many ticks in a row have found that the sender writes its batches itself. They belong
    /// to the ticks.
    seen: AtomicU64,
    steady: AtomicU64,
}

impl Glimpse {
    /// All that was gathered is written: a whole batch, or all before a pause. Under the socket's lock.
    pub(super) fn on_batch(&self) {
        self.written.store(self.written.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Whether the sender has written a batch since the last tick.
    pub(super) fn goes_on(&self) -> bool {
        let written = self.written.load(Ordering::Relaxed);
        let goes_on = written != self.seen.load(Ordering::Relaxed);
        if !planted(Mistake::TickTrustsOldGlimpse) {
            self.seen.store(written, Ordering::Relaxed);
        }
        goes_on
    }

    /// How long until the next tick, after one that found that the sender writes its batches itself, or did not.
    pub(super) fn pause(&self, alone: bool) -> Duration {
        let steady = if alone { self.steady.load(Ordering::Relaxed) + 1 } else { 0 };
        self.steady.store(steady, Ordering::Relaxed);
        if steady < STEADY { TICK } else { RARE_TICK }
    }
}

#[derive(Debug, Default)]
pub(super) struct Pace {
    streaming: bool,
    streak: u32,
    /// Peers that the message before went to, if there were many.
    fan_out: u32,
    turn: Option<u64>,
    /// Something was received since the last send: the next one is an answer, or a question after one.
    answers: bool,
    /// Answers that were written although another to the same peer was about to follow: a batch would have spared the writes.
    spared: u32,
    /// When something was received during the stream.
    received: Option<Instant>,
    /// When the send before this one ended. Not known of the first of a row, which request and reply never get beyond: the
    /// second counts as close to it.
    last_end: Option<Instant>,
    /// When the present send began, if that matters.
    began: Option<Instant>,
    /// Publications since the last send that nobody wanted, up to `PASSED`.
    passed: u32,
    /// Messages since the last tick.
    fresh: bool,
    /// When the sender wrote a batch.
    batch: Option<Instant>,
    /// How soon the next is to be expected after it.
    filling: Duration,
    /// Ticks in a row that found nothing.
    idle: u32,
    /// Waits for the network in a row that were in vain, and sends until the next.
    vain: u32,
    skip: u32,
    portions: Portions,
}

/// What becomes of a message that is about to be queued.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Write it now.
    Write,
    /// Leave it for the batch.
    Gather,
    /// Leave it, and have the I/O thread tick from now on.
    Begin,
}

/// What a tick has to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tick {
    /// The sender writes its batches itself: only what has lain since the tick before is left to write.
    WriteOld,
    /// Write everything that there is.
    WriteAll,
    /// The stream is over.
    End,
}

impl Pace {
    /// A send begins, and takes a copy of what is to be sent. However long that takes, it is not the user who pauses. Who has made
    /// a message of so many bytes before, as other languages have to, has begun that much earlier.
    #[inline]
    pub(super) fn on_call(&mut self, made: impl FnOnce() -> usize) {
        self.began = None;
        if !self.streaming && self.last_end.is_some() {
            let now = now();
            self.began = now.checked_sub(COPY * made().div_ceil(1024) as u32).or(Some(now));
        }
    }

    /// A message is sent in the sender's turn number `turn`.
    #[inline]
    pub(super) fn on_send(&mut self, turn: u64) -> Step {
        if self.goes_on() {
            return Step::Gather;
        }
        self.answers = false;
        let passed = std::mem::take(&mut self.passed);
        let fan_out = std::mem::take(&mut self.fan_out);
        let began = self.began.take();
        let since = |end: Instant| began.unwrap_or_else(now) - end;
        let goes_on = self.turn == Some(turn) && self.last_end.is_none_or(|end| is_close(since(end), passed));
        if goes_on {
            // No more than that matters, and where nothing is gathered a row has no end.
            self.streak = (self.streak + fan_out.max(1)).min(STREAK);
        } else {
            (self.streak, self.turn, self.last_end) = (0, Some(turn), None);
            self.portions.on_gap();
        }
        if self.streak < self.portions.streak() { Step::Write } else { self.begin() }
    }

    fn begin(&mut self) -> Step {
        self.streaming = true;
        self.fresh = true;
        Step::Begin
    }

    /// A message is about to be sent, and perhaps not by [`Pace::on_send`]: whether it is part of a stream.
    #[inline]
    pub(super) fn goes_on(&mut self) -> bool {
        self.answers &= !self.streaming;
        self.fresh |= self.streaming;
        self.streaming
    }

    /// A message went to where nothing is gathered, so that there is nothing for ticks to look after: if the stream was to begin
    /// with it, it begins with another.
    #[inline]
    pub(super) fn put_off(&mut self, step: Step) {
        self.streaming &= step != Step::Begin;
    }

    /// The user received a message that was there. Says whether what is gathered may wait for what the user sends next, as that
    /// comes soon.
    #[inline]
    pub(super) fn on_received(&mut self) -> bool {
        self.answers = true;
        if !self.streaming {
            return true;
        }
        self.portions.on_received();
        let now = now();
        let before = self.received.replace(now);
        before.is_some_and(|before| is_close(now - before, 0))
    }

    /// Whether the message that is about to be sent follows on one that was received.
    #[inline]
    pub(super) fn is_answer(&self) -> bool {
        self.answers
    }

    /// Such a message is sent to a peer of which more is at hand, so that another answer is about to follow. The writes that a
    /// batch spares are counted from one turn to the next: however few they are at a time, they pay for waking the I/O thread.
    pub(super) fn on_answer(&mut self) -> Step {
        if self.goes_on() {
            return Step::Gather;
        }
        self.answers = false;
        self.spared += 1;
        if self.spared < STREAK { Step::Write } else { self.begin() }
    }

    /// Such a message is sent to a peer that has nothing else to be answered. It is written at once, and is part of no row: the
    /// peer waits for it, and a batch of one message saves nothing.
    pub(super) fn on_last_answer(&mut self) -> Step {
        self.answers = false;
        Step::Write
    }

    /// A message was sent, one way or another.
    #[inline]
    pub(super) fn on_sent(&mut self) {
        self.portions.on_sent();
    }

    /// It went to so many peers. Each is a write, and wakes somebody who may want the sender's CPU.
    pub(super) fn on_fan_out(&mut self, peers: usize) {
        self.fan_out = peers.min(STREAK as usize) as u32;
    }

    /// What should be written with the message that was sent just now.
    #[inline]
    pub(super) fn due(&mut self) -> Due {
        if self.streaming { self.portions.due() } else { Due::Nothing }
    }

    /// Messages until [`Pace::due`] has to be asked.
    #[inline]
    pub(super) fn left(&self) -> usize {
        self.portions.left()
    }

    /// A publication went to nobody. It is part of the row all the same, and costs no look at the clock.
    #[inline]
    pub(super) fn on_passed(&mut self) {
        self.passed = (self.passed + 1).min(PASSED);
    }

    /// A batch is full, and its sender is about to write it.
    pub(super) fn on_batch(&mut self) {
        let now = now();
        let took = self.batch.map_or(FILLING, |before| now - before);
        self.filling = (took * 5 / 4).clamp(FILLING, LONG_FILLING);
        self.batch = Some(now);
        self.portions.on_batch();
    }

    /// Whether the end of this send matters: what was sent is to be followed by [`Pace::on_written`].
    pub(super) fn is_timed(&self) -> bool {
        self.ends_burst() || (!self.streaming && (self.streak > 0 || self.fan_out > 1))
    }

    /// Whether the sender of a stream is expected to pause now.
    pub(super) fn ends_burst(&self) -> bool {
        self.streaming && self.portions.end_burst()
    }

    /// What was sent is written.
    pub(super) fn on_written(&mut self) {
        if self.is_timed() {
            match self.streaming {
                true => self.portions.on_written(),
                false => self.last_end = Some(now()),
            }
        }
    }

    /// A sender is far ahead of the network: whether it is to wait for a moment.
    pub(super) fn may_pause(&mut self) -> bool {
        self.skip = self.skip.saturating_sub(1);
        self.skip == 0
    }

    /// It waited, and there was news or not.
    pub(super) fn on_pause(&mut self, helped: bool) {
        self.vain = if helped { 0 } else { (self.vain + 1).min(VAIN) };
        self.skip = 1 << self.vain;
    }

    /// The I/O thread looks after the stream; `queued` says whether anything is gathered.
    pub(super) fn on_tick(&mut self, queued: bool) -> Tick {
        let fresh = std::mem::take(&mut self.fresh);
        // In a model time is not measured: until the next tick.
        let batch = if cfg!(shuttle) { self.batch.take() } else { self.batch };
        if batch.is_some_and(|at| cfg!(shuttle) || now() - at < self.filling) {
            self.idle = 0;
            self.portions.on_tick(true);
            return Tick::WriteOld;
        }
        let busy = fresh || (queued && !planted(Mistake::TickForgetsBatch));
        self.idle = if busy { 0 } else { self.idle + 1 };
        if !busy {
            self.portions.on_gap();
        }
        self.portions.on_tick(false);
        if self.idle < IDLE {
            return Tick::WriteAll;
        }
        *self = Pace { portions: self.portions.after_stream(), ..Pace::default() };
        Tick::End
    }
}

/// Whether a send belongs to the row of the one before: this much later, with so many in between that nobody wanted.
#[inline]
fn is_close(elapsed: Duration, passed: u32) -> bool {
    elapsed < GAP * (passed + 1)
}

/// What time it is. The tests of this file have a clock of their own, which stands still unless they set it on.
#[inline]
pub(super) fn now() -> Instant {
    #[cfg(test)]
    return tests::now();
    #[cfg(not(test))]
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::core::portions::{FAST, PORTION};

    thread_local! {
        static CLOCK: Cell<Instant> = Cell::new(Instant::now());
    }

    pub(super) fn now() -> Instant {
        CLOCK.get()
    }

    fn let_pass(time: Duration) {
        CLOCK.set(now() + time);
    }

    fn run(pace: &mut Pace, sends: u32, turn: u64) -> u32 {
        let mut written = 0;
        for _ in 0..sends {
            if pace.on_send(turn) == Step::Write {
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
    fn a_copy_that_takes_long_ends_no_row() {
        let mut pace = Pace::default();
        let mut send = |pause: Duration, copy: Duration| {
            let_pass(pause);
            pace.on_call(|| 0);
            let_pass(copy);
            let step = pace.on_send(0);
            pace.on_written();
            step
        };
        let (short, long) = (Duration::from_micros(1), Duration::from_micros(10));
        (0..STREAK).for_each(|_| assert_eq!(send(short, long), Step::Write));
        assert_eq!(send(short, long), Step::Begin);
        for (made, goes_on) in [(100, false), (16 * 1024, true)] {
            let mut pace = Pace::default();
            let mut send = || {
                let_pass(long);
                pace.on_call(|| made);
                let step = pace.on_send(0);
                pace.on_written();
                step
            };
            let begins = (0..2 * STREAK).any(|_| send() == Step::Begin);
            assert_eq!(begins, goes_on, "the user pauses, or has made a message of {made} bytes");
        }
    }

    #[test]
    fn a_publication_is_as_many_writes_as_it_has_peers() {
        let mut pace = Pace::default();
        let mut publish = |peers: usize, pause: Duration| {
            let step = pace.on_send(0);
            pace.on_sent();
            pace.on_fan_out(peers);
            assert_eq!(pace.is_timed(), step == Step::Write && (peers > 1 || pace.streak > 0));
            pace.on_written();
            let_pass(pause);
            step
        };
        let long = Duration::from_millis(1);
        assert_eq!([(); 3].map(|()| publish(32, long)), [Step::Write; 3], "a slow publisher writes itself");
        assert_eq!(publish(6, Duration::ZERO), Step::Write);
        assert_eq!([(); 2].map(|()| publish(6, Duration::ZERO)), [Step::Write; 2]);
        assert_eq!(publish(6, Duration::ZERO), Step::Begin, "the fourth follows on eighteen writes");
    }

    #[test]
    fn what_nobody_wants_is_part_of_the_row() {
        let micros = Duration::from_micros;
        assert!(is_close(micros(4), 0) && !is_close(micros(6), 0));
        assert!(is_close(micros(490), 99) && !is_close(micros(510), 99));
        let mut pace = Pace::default();
        (0..2 * PASSED).for_each(|_| pace.on_passed());
        assert_eq!(pace.passed, PASSED, "a long silence is never part of a row");
        pace.on_send(0);
        assert_eq!(pace.passed, 0);
    }

    #[test]
    fn a_wanted_message_waits_for_a_tick_at_most() {
        let mut pace = Pace { streaming: true, ..Pace::default() };
        for _ in 0..10 {
            (0..10).for_each(|_| pace.on_passed());
            assert_eq!(pace.on_send(0), Step::Gather);
            (0..10).for_each(|_| pace.on_passed());
            assert_eq!(pace.on_tick(true), Tick::WriteAll);
        }
        let ticks = (1..).find(|_| {
            pace.on_passed();
            pace.on_tick(false) == Tick::End
        });
        assert_eq!(ticks, Some(IDLE), "what nobody wants lengthens no stream");
    }

    #[test]
    fn idle_ticks_end_the_stream() {
        let mut pace = Pace { streaming: true, fresh: true, ..Pace::default() };
        (0..IDLE).for_each(|_| assert_eq!(pace.on_tick(true), Tick::WriteAll));
        assert_eq!(pace.on_send(0), Step::Gather);
        (0..IDLE).for_each(|_| assert_eq!(pace.on_tick(false), Tick::WriteAll));
        assert_eq!(pace.on_tick(false), Tick::End);
        assert!(!pace.streaming);
    }

    /// Sends so many messages of a stream; says how many were left, and after which of them all was to be written.
    fn burst(pace: &mut Pace, length: u64) -> (usize, Vec<u64>) {
        pace.streaming = true;
        let left = pace.left();
        let due = |_: &u64| {
            assert_eq!(pace.on_send(0), Step::Gather);
            pace.on_sent();
            pace.due() != Due::Nothing
        };
        (left, (1..=length).filter(due).collect())
    }

    #[test]
    fn a_burst_is_expected_to_be_as_long_as_the_one_before() {
        let mut pace = Pace::default();
        let mut after_ticks = |ticks: u32, length: u64| {
            (0..ticks).for_each(|_| _ = pace.on_tick(false));
            burst(&mut pace, length)
        };
        assert_eq!(after_ticks(0, 60), (usize::MAX, vec![]), "nothing is known of the first");
        assert_eq!(after_ticks(2, 60), (59, vec![60]));
        assert_eq!(after_ticks(3, 30), (59, vec![]), "it is shorter");
        assert_eq!(
            after_ticks(1 + IDLE, 50),
            (29, vec![30]),
            "it is longer; the end of the stream let nothing be forgotten"
        );
        assert_eq!(after_ticks(1, 10), (PORTION as usize - 1, vec![]), "no tick has seen a gap");
        assert_eq!(after_ticks(2, 60), (59, vec![60]));
    }

    #[test]
    fn after_two_long_bursts_a_stream_begins_with_the_second_message() {
        let mut pace = Pace::default();
        let mut turn = 0;
        // Sends so many messages, and then none for so long that a stream ends; says how many of them were written at once.
        let mut row = |length: u32| {
            turn += 1;
            let mut written = 0;
            for _ in 0..length {
                written += run(&mut pace, 1, turn);
                pace.on_sent();
            }
            while pace.streaming {
                pace.on_tick(false);
            }
            written
        };
        assert_eq!([row(100), row(17), row(100), row(100)], [16, 16, 1, 1]);
        assert_eq!([row(3), row(100), row(100), row(100)], [1, 16, 16, 1], "a short one is nothing to go by");
        assert_eq!([row(1), row(2), row(16), row(17)], [1, 2, 16, 16], "short ones are not waited for");
    }

    #[test]
    fn who_answers_in_quick_succession_goes_on_with_the_batch() {
        let mut pace = Pace::default();
        assert!(pace.on_received(), "nothing is gathered");
        pace.streaming = true;
        assert!(!pace.on_received(), "nobody knows how long this user takes");
        let_pass(GAP - Duration::from_nanos(1));
        assert!(pace.on_received());
        let_pass(GAP);
        assert!(!pace.on_received(), "this one takes its time");
    }

    #[test]
    fn the_last_answer_is_no_part_of_a_row() {
        let mut pace = Pace::default();
        assert!(!pace.is_answer());
        for _ in 0..100 {
            pace.on_received();
            assert!(pace.is_answer());
            assert_eq!(pace.on_last_answer(), Step::Write);
            assert!(!pace.is_answer());
        }
        assert_eq!(pace.on_send(0), Step::Write);
        pace.on_received();
        pace.streaming = true;
        assert_eq!(pace.on_send(0), Step::Gather);
        assert!(!pace.is_answer(), "a send answers what was received before it");
    }

    #[test]
    fn writes_that_a_batch_would_have_spared_make_a_stream() {
        let mut pace = Pace::default();
        let mut answer = |last: bool| {
            pace.on_received();
            assert!(pace.is_answer());
            let step = if last { pace.on_last_answer() } else { pace.on_answer() };
            assert!(!pace.is_answer());
            step
        };
        for _ in 1..STREAK {
            assert_eq!(
                [answer(false), answer(true)],
                [Step::Write; 2],
                "one at a time, with a turn after each"
            );
        }
        assert_eq!(answer(false), Step::Begin);
        assert_eq!([answer(false), answer(true), answer(false)], [Step::Gather, Step::Write, Step::Gather]);
        while pace.on_tick(false) != Tick::End {}
        assert_eq!(pace.on_answer(), Step::Write, "to begin anew has to be paid for anew");
    }

    #[test]
    fn a_slow_stream_is_written_in_portions() {
        let mut pace = Pace::default();
        assert_eq!(burst(&mut pace, FAST), (usize::MAX, vec![]), "no tick has seen it yet");
        pace.on_tick(true);
        assert_eq!(burst(&mut pace, FAST - 1), (usize::MAX, vec![]), "it is fast");
        pace.on_tick(true);
        let portions: Vec<u64> = (1..FAST / PORTION).map(|portion| portion * PORTION).collect();
        assert_eq!(burst(&mut pace, FAST - 1), (PORTION as usize - 1, portions));
        pace.on_batch();
        pace.on_tick(true);
        assert_eq!(burst(&mut pace, FAST).1, vec![], "it fills batches");
    }

    #[test]
    fn pauses_shorter_than_a_tick_are_expected_as_well() {
        let mut pace = Pace::default();
        let mut after_a_pause = |length: u64, batches: u32| {
            let_pass(GAP);
            (0..batches).for_each(|_| pace.on_batch());
            let (left, written) = burst(&mut pace, length);
            assert_eq!(pace.ends_burst(), written.contains(&length));
            pace.on_written();
            (left, written)
        };
        assert_eq!(after_a_pause(30, 0), (usize::MAX, vec![]), "nobody looks for them");
        assert_eq!(after_a_pause(70, 16), (0, vec![]), "the sender looks at the clock after each message");
        assert_eq!([(); 2].map(|()| after_a_pause(100, 0)), [(0, vec![]), (0, vec![])]);
        assert_eq!([(); 3].map(|()| after_a_pause(100, 0)), [(0, vec![100]), (0, vec![100]), (0, vec![100])]);
        assert_eq!(after_a_pause(130, 0), (0, vec![100]), "it was longer than expected");
        assert_eq!(after_a_pause(100, 0), (usize::MAX, vec![]));
    }

    #[test]
    fn to_receive_is_no_pause() {
        let mut pace = Pace { streaming: true, ..Pace::default() };
        (0..16).for_each(|_| pace.on_batch());
        for _ in 0..5 {
            let_pass(GAP);
            pace.on_received();
            assert_eq!(burst(&mut pace, 100), (0, vec![]), "it goes on looking, and finds none");
        }
    }

    #[test]
    fn a_batch_may_take_a_little_longer_than_the_one_before() {
        let mut pace = Pace::default();
        let micros = Duration::from_micros;
        pace.on_batch();
        for (took, filling) in [(10, 50), (100, 125), (10_000, 200)] {
            let_pass(micros(took));
            pace.on_batch();
            assert_eq!(pace.filling, micros(filling));
        }
    }

    #[test]
    fn a_sender_that_fills_batches_is_left_alone() {
        let mut pace = Pace { streaming: true, ..Pace::default() };
        pace.on_batch();
        assert_eq!(pace.on_tick(true), Tick::WriteOld);
        let_pass(pace.filling - Duration::from_nanos(1));
        assert_eq!(pace.on_tick(true), Tick::WriteOld, "it is about to fill the next");
        let_pass(Duration::from_nanos(1));
        assert_eq!(pace.on_tick(true), Tick::WriteAll, "its sender has paused since");
    }

    #[test]
    fn ticks_become_rare_while_batches_are_written() {
        let glimpse = Glimpse::default();
        assert!(!glimpse.goes_on(), "nothing was written yet");
        for tick in 1..=STEADY {
            glimpse.on_batch();
            assert!(glimpse.goes_on());
            assert_eq!(glimpse.pause(true), if tick < STEADY { TICK } else { RARE_TICK });
        }
        assert!(!glimpse.goes_on(), "the last tick saw it");
        assert_eq!((glimpse.pause(false), glimpse.pause(true)), (TICK, TICK));
    }
}
