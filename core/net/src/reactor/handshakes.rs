//! Which connections of a listener still shake hands, and which of them goes when there are too many.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::link::Progress;

/// Connections of one listener whose handshake may be under way at a time, if there are descriptors for so many.
const MOST: u64 = 1024;

/// For so long a newcomer may stay silent whatever happens: its greeting comes with the first round trip.
const SILENCE: Duration = Duration::from_secs(1);

/// For so long one that speaks may: a peer far away needs several.
const SPEECH: Duration = Duration::from_secs(5);

/// Who is next to go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// This connection may be ended now.
    Victim(u64),
    /// Nobody may, before then.
    Not(Instant),
    /// Nobody is here.
    Nobody,
}

/// The handshakes of one listener, by the keys of their links. Keys grow, so both rows are sorted by key and by age.
pub(super) struct Handshakes {
    most: usize,
    /// Accepted, and not known to have spoken.
    silent: VecDeque<(u64, Instant)>,
    /// Found speaking when somebody had to go. The last of them is older than the first of the others.
    speaking: VecDeque<(u64, Instant)>,
}

impl Handshakes {
    /// For a process that may have so many descriptors; `None` is no limit. Strangers get a quarter of them.
    pub(super) fn new(descriptors: Option<u64>) -> Self {
        let most = descriptors.map_or(MOST, |limit| (limit / 4).clamp(1, MOST)) as usize;
        Handshakes { most, silent: VecDeque::new(), speaking: VecDeque::new() }
    }

    pub(super) fn begin(&mut self, key: u64, now: Instant) {
        self.silent.push_back((key, now));
    }

    pub(super) fn end(&mut self, key: u64) {
        for row in [&mut self.silent, &mut self.speaking] {
            if let Ok(at) = row.binary_search_by_key(&key, |(key, _)| *key) {
                row.remove(at);
            }
        }
    }

    /// Whether one more is one too many.
    pub(super) fn is_full(&self) -> bool {
        self.silent.len() + self.speaking.len() >= self.most
    }

    /// The oldest that has said nothing; after those, as somebody may be silent in the middle of a handshake too, the
    /// oldest that speaks. Those that have come furthest are not the first to go: else a crowd that comes faster than it
    /// can be served would never be served.
    pub(super) fn next(&mut self, now: Instant, progress: impl Fn(u64) -> Progress) -> Next {
        while let Some(&(key, since)) = self.silent.front() {
            match progress(key) {
                Progress::Silent => break,
                Progress::Speaking => self.speaking.push_back((key, since)),
                Progress::Over => {}
            }
            self.silent.pop_front();
        }
        while self.speaking.front().is_some_and(|(key, _)| progress(*key) == Progress::Over) {
            self.speaking.pop_front();
        }
        let oldest = [(self.silent.front(), SILENCE), (self.speaking.front(), SPEECH)];
        let mut soonest = Next::Nobody;
        for (front, grace) in oldest {
            let Some(&(key, since)) = front else { continue };
            let due = since + grace;
            match soonest {
                _ if due <= now => return Next::Victim(key),
                Next::Not(other) if other <= due => {}
                _ => soonest = Next::Not(due),
            }
        }
        soonest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_limit_the_strangers() {
        for (descriptors, most) in [(None, 1024), (Some(1 << 20), 1024), (Some(1024), 256), (Some(1), 1)] {
            let mut handshakes = Handshakes::new(descriptors);
            (1..most).for_each(|key| handshakes.begin(key, Instant::now()));
            assert!(!handshakes.is_full(), "{descriptors:?}");
            handshakes.begin(most, Instant::now());
            assert!(handshakes.is_full(), "{descriptors:?}");
            handshakes.end(1);
            assert!(!handshakes.is_full(), "{descriptors:?}");
        }
    }

    #[test]
    fn the_silent_go_first_and_nobody_before_its_time() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut handshakes = Handshakes::new(None);
        assert_eq!(handshakes.next(start, |_| Progress::Silent), Next::Nobody);
        (1..=4).for_each(|key| handshakes.begin(key, at(key)));
        let odd_are_silent = |key| if key % 2 == 1 { Progress::Silent } else { Progress::Speaking };
        assert_eq!(handshakes.next(at(1000), odd_are_silent), Next::Not(at(1001)));
        assert_eq!(handshakes.next(at(2000), odd_are_silent), Next::Victim(1));
        handshakes.end(1);
        assert_eq!(handshakes.next(at(2000), odd_are_silent), Next::Victim(3));
        handshakes.end(3);
        assert_eq!(handshakes.next(at(5001), odd_are_silent), Next::Not(at(5002)));
        assert_eq!(handshakes.next(at(5002), odd_are_silent), Next::Victim(2));
        handshakes.end(2);
        handshakes.begin(5, at(5002));
        let speaking = |key| if key == 4 { Progress::Speaking } else { Progress::Silent };
        assert_eq!(handshakes.next(at(5003), speaking), Next::Not(at(5004)));
        assert_eq!(handshakes.next(at(5004), speaking), Next::Victim(4), "before one that has just come");
        assert_eq!(handshakes.next(at(9000), |_| Progress::Over), Next::Nobody);
    }
}
