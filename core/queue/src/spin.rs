//! Spinning before sleeping, only where it pays.
//!
//! Waking a thread costs its waker 7 µs and delays the message by 40 µs on a small machine; looking again costs a
//! fraction of a microsecond. So a waiter looks for up to [`CEILING`] first. A failed spin makes the next 2ⁿ − 1 waits
//! sleep at once; a find on the very first look says nothing about spinning and changes nothing; a gap between two looks
//! means that the thread was pre-empted, which is a failure too. With one CPU nobody else could make anything happen. A
//! [`SpinLimit`] replaces [`CEILING`]: with none at all the waiter never sleeps.

use std::{
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

/// The longest spin unless another is asked for: three to four round trips, or two spinning sides never meet.
const CEILING: Duration = Duration::from_micros(50);

/// How long a waiter looks at most before it sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpinLimit(Option<Duration>);

impl SpinLimit {
    /// It does not look at all.
    pub const NEVER: Self = SpinLimit(Some(Duration::ZERO));

    /// It looks until it finds something, and never sleeps.
    pub const FOREVER: Self = SpinLimit(None);

    /// Where it pays, this long.
    pub const fn at_most(time: Duration) -> Self {
        SpinLimit(Some(time))
    }

    /// Whether it never sleeps.
    pub const fn is_forever(self) -> bool {
        self.0.is_none()
    }

    /// The same for a moment at which sleeping has to follow: never for ever.
    pub fn bounded(self) -> Self {
        SpinLimit(Some(self.0.unwrap_or(CEILING)))
    }
}

impl Default for SpinLimit {
    fn default() -> Self {
        SpinLimit(Some(CEILING))
    }
}

/// Two looks further apart than this were not made by a running thread.
const GAP: Duration = Duration::from_micros(30);

/// At most 2ⁿ − 1 waits are not spun after failures in a row.
const BACK_OFF: u32 = 10;

/// One waiter's experience with spinning.
#[derive(Debug)]
pub struct Spin {
    failures: u32,
    /// Waits still to go without spinning.
    skip: u32,
    alone: bool,
}

impl Default for Spin {
    fn default() -> Self {
        Spin { failures: 0, skip: 0, alone: true }
    }
}

impl Spin {
    /// For a waiter of this process: the CPUs it may use decide whether spinning can pay at all.
    pub fn new() -> Self {
        static ALONE: OnceLock<bool> = OnceLock::new();
        // Asked once: the answer takes several files to read.
        let alone =
            *ALONE.get_or_init(|| thread::available_parallelism().is_ok_and(|count| count.get() == 1));
        Spin { alone, ..Spin::default() }
    }

    /// Looks with `probe` until it finds something (`true`), spinning does not pay, or `timeout` is over. Without a limit
    /// only the last ends it.
    pub fn run(
        &mut self,
        limit: SpinLimit,
        timeout: Option<Duration>,
        mut probe: impl FnMut() -> bool,
    ) -> bool {
        if cfg!(shuttle) {
            // In a model time is not measured: two looks, the second of which may find something.
            return probe() || probe();
        }
        let Some(ceiling) = limit.0 else { return self.insist(timeout, probe) };
        if self.alone || ceiling.is_zero() {
            return false;
        }
        let ceiling = timeout.map_or(ceiling, |timeout| timeout.min(ceiling));
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if probe() {
            return true;
        }
        let start = Instant::now();
        let mut last = start;
        loop {
            if probe() {
                self.failures = 0;
                return true;
            }
            let now = Instant::now();
            if now - last > GAP || now - start > ceiling {
                self.failures = (self.failures + 1).min(BACK_OFF);
                self.skip = (1 << self.failures) - 1;
                return false;
            }
            last = now;
        }
    }

    fn insist(&self, timeout: Option<Duration>, mut probe: impl FnMut() -> bool) -> bool {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if probe() {
                return true;
            }
            if end.is_some_and(|end| end <= Instant::now()) {
                return false;
            }
            if self.alone {
                thread::yield_now();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: SpinLimit = SpinLimit(Some(CEILING));

    #[test]
    fn failures_back_off_and_a_hit_forgives() {
        let mut spin = Spin { failures: 0, skip: 0, alone: false };
        assert!(!spin.run(USUAL, None, || false));
        assert_eq!((spin.failures, spin.skip), (1, 1));
        assert!(!spin.run(USUAL, None, || panic!("a skipped wait does not look")));
        assert!(!spin.run(USUAL, None, || false));
        assert_eq!((spin.failures, spin.skip), (2, 3));
        spin.skip = 0;
        let mut looks = 0;
        let hit_on_second = || {
            looks += 1;
            looks == 2
        };
        assert!(spin.run(USUAL, None, hit_on_second));
        assert_eq!(spin.failures, 0);
    }

    #[test]
    fn a_first_look_is_neutral_and_one_cpu_never_spins() {
        let mut spin = Spin { failures: 3, skip: 0, alone: false };
        assert!(spin.run(USUAL, None, || true));
        assert_eq!(spin.failures, 3);
        let mut alone = Spin { alone: true, ..spin };
        assert!(!alone.run(USUAL, None, || panic!("looked")));
    }

    #[test]
    fn never_does_not_look_and_forever_looks_until_the_time_is_over() {
        let mut spin = Spin { failures: 0, skip: 0, alone: false };
        assert!(!spin.run(SpinLimit::NEVER, None, || panic!("looked")));
        for alone in [false, true] {
            // Neither experience nor a single CPU keeps it from looking.
            let mut spin = Spin { failures: BACK_OFF, skip: 1, alone };
            let mut looks = 0;
            let late = || {
                looks += 1;
                looks == 1_000
            };
            assert!(spin.run(SpinLimit::FOREVER, None, late));
            let start = Instant::now();
            assert!(!spin.run(SpinLimit::FOREVER, Some(CEILING), || false));
            assert!(start.elapsed() >= CEILING);
            assert_eq!(spin.skip, 1);
        }
    }

    #[test]
    fn a_timeout_ends_a_long_spin() {
        let mut spin = Spin { failures: 0, skip: 0, alone: false };
        let for_hours = SpinLimit::at_most(Duration::from_secs(10_000));
        assert!(!spin.run(for_hours, Some(Duration::from_micros(1)), || false));
    }
}
