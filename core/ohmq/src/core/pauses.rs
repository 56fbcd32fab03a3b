//! The pauses a sender makes during a stream. Many are too short for a tick to notice, but not for the messages before them.
//!
//! ```text
//!           a batch is full, and a look is due             three, ever as many messages apart
//!   IGNORED ───────────────────────────────────▶ SOUGHT ───────────────────────────────────▶ EXPECTED
//!      ▲       not among the next 512 messages      │            none where the next was expected │
//!      └────────────────────────────────────────────┴─────────────────────────────────────────────┘
//! ```
//!
//! To look at the clock takes about as long as to gather a message. So the sender looks after each one only for a while, once in
//! many batches; and where pauses are expected, only there. Once may be chance, and so may twice: it is pre-empted now and then.
//! Nothing is to be gained where no more than a few messages lie between two pauses: a batch of them would save little.

use std::time::Instant;

use super::pace::{GAP, STREAK};

/// Messages after which a sender looks for a pause, once it has begun to.
const LOOKS: u32 = if cfg!(shuttle) { 0 } else { 512 };

/// It does after 2ⁿ batches: so many at first, and ever more while it looks in vain.
const SOON: u32 = 4;
const LATE: u32 = 10;

#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    state: State,
    /// When the message before was sent, if the sender did nothing else since than to send and to pause.
    last_end: Option<Instant>,
    /// It looks again after 2ⁿ batches.
    next: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// For so many batches yet.
    Ignored(u32),
    /// After so many messages yet. So many had been sent before the last one that was found, and so many since the one before.
    Sought {
        looks: u32,
        before: Option<u64>,
        length: Option<u64>,
    },
    Expected,
}

impl Default for Pauses {
    fn default() -> Self {
        Pauses { state: State::Ignored(1 << SOON), last_end: None, next: SOON }
    }
}

impl Pauses {
    /// The sender does something else, which is no pause.
    pub(super) fn on_other(&mut self) {
        self.last_end = None;
    }

    /// A batch is full, and its sender is about to write it, which is none either.
    pub(super) fn on_batch(&mut self) {
        self.on_other();
        self.state = match self.state {
            State::Ignored(1) => State::Sought { looks: LOOKS, before: None, length: None },
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
        let (before, last) = match paused {
            true => (Some(sent), before.map(|before| sent - before)),
            false => (before, length),
        };
        if paused && last == length && last.is_some_and(|last| last > u64::from(STREAK)) {
            self.state = State::Expected;
            return last;
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
            Some(true) => self.next = (self.next - 1).max(SOON),
        }
        true
    }

    /// The stream is over. How soon to look again depends on what looking has led to.
    pub(super) fn on_end(&mut self) {
        match self.state {
            State::Ignored(_) => {}
            State::Sought { .. } => self.give_up(),
            State::Expected => self.state = State::Ignored(1 << self.next),
        }
        self.last_end = None;
    }

    fn has_paused(&mut self, now: Instant) -> Option<bool> {
        let before = self.last_end.replace(now)?;
        Some(now - before >= GAP)
    }

    fn give_up(&mut self) {
        let next = (self.next + 1).min(LATE);
        *self = Pauses { state: State::Ignored(1 << next), last_end: None, next };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A sender, and what it has sent so far.
    struct Sender {
        pauses: Pauses,
        sent: u64,
        now: Instant,
    }

    impl Sender {
        fn new() -> Self {
            Sender { pauses: Pauses::default(), sent: 0, now: Instant::now() }
        }

        /// Sends so many messages, then pauses; says how often it was to look at the clock, and what it learned.
        fn send(&mut self, messages: u64) -> (u64, Option<u64>) {
            let (mut looks, mut learned) = (0, None);
            for _ in 0..messages {
                if self.pauses.are_sought() {
                    looks += 1;
                    learned = learned.or(self.pauses.on_look(self.sent, self.now));
                }
                self.sent += 1;
                self.now += Duration::from_nanos(50);
            }
            self.now += GAP;
            (looks, learned)
        }

        /// Fills batches until it looks for pauses; says how many.
        fn look_again(&mut self) -> u32 {
            let batches = (1..).find(|_| {
                self.pauses.on_batch();
                self.pauses.are_sought()
            });
            batches.unwrap()
        }
    }

    #[test]
    fn three_pauses_as_far_apart_are_expected_to_go_on() {
        let mut sender = Sender::new();
        assert_eq!(sender.send(100), (0, None), "nobody looks yet");
        assert_eq!(sender.look_again(), 1 << SOON);
        assert_eq!(
            [30, 100, 100, 100].map(|messages| sender.send(messages)),
            [(30, None), (100, None), (100, None), (1, Some(100))]
        );
        assert!(sender.pauses.are_expected() && !sender.pauses.are_sought());
    }

    #[test]
    fn pauses_by_chance_are_not() {
        let mut sender = Sender::new();
        sender.look_again();
        let looks: u64 =
            [100, 99, 101, 100, 3, 300, 4_000].iter().map(|messages| sender.send(*messages).0).sum();
        assert_eq!(looks, u64::from(LOOKS), "then the sender has looked long enough");
        assert!(!sender.pauses.are_expected() && !sender.pauses.are_sought());
    }

    #[test]
    fn pauses_after_every_few_messages_are_not() {
        for (messages, expected) in [(1, false), (u64::from(STREAK), false), (u64::from(STREAK) + 1, true)] {
            let mut sender = Sender::new();
            sender.look_again();
            (0..5).for_each(|_| _ = sender.send(messages));
            assert_eq!(sender.pauses.are_expected(), expected, "{messages}");
        }
    }

    #[test]
    fn after_looks_in_vain_the_sender_looks_ever_more_rarely() {
        let mut sender = Sender::new();
        let mut batches = [(); 9].map(|()| {
            let batches = sender.look_again();
            sender.now += GAP / 2;
            assert_eq!(sender.send(u64::from(LOOKS) + 1), (u64::from(LOOKS), None));
            batches
        });
        assert_eq!(batches[..3], [1 << SOON, 1 << (SOON + 1), 1 << (SOON + 2)]);
        batches.reverse();
        assert_eq!(batches[..2], [1 << LATE; 2]);
    }

    #[test]
    fn expected_pauses_that_do_not_come_are_forgotten() {
        let mut sender = Sender::new();
        sender.look_again();
        (0..4).for_each(|_| _ = sender.send(100));
        assert!(sender.pauses.are_expected());
        sender.pauses.on_written(sender.now);
        assert!(sender.pauses.on_expected(sender.now + GAP));
        sender.pauses.on_batch();
        assert!(sender.pauses.on_expected(sender.now), "after somebody else has written, nobody knows");
        assert!(sender.pauses.are_expected());
        sender.pauses.on_written(sender.now);
        assert!(!sender.pauses.on_expected(sender.now + GAP / 2));
        assert!(!sender.pauses.are_expected());
        assert_eq!(sender.look_again(), 1 << (SOON + 1));
    }

    #[test]
    fn a_stream_that_ends_lets_nothing_be_looked_for_sooner() {
        let mut sender = Sender::new();
        sender.look_again();
        sender.pauses.on_end();
        assert_eq!(sender.look_again(), 1 << (SOON + 1), "it has looked in vain");
        sender.pauses.give_up();
        sender.pauses.on_end();
        assert_eq!(sender.look_again(), 1 << (SOON + 2));
    }
}
