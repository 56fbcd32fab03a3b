//! Spinning before sleeping, only where it pays.
//!
//! Waking a thread costs its waker 7 µs and delays the message by 40 µs on a small machine; looking again costs a
//! fraction of a microsecond. So a waiter looks for up to [`CEILING`] first. A failed spin makes the next 2ⁿ − 1 waits
//! sleep at once; a find on the very first look says nothing about spinning and changes nothing; a gap between two looks
//! means that the thread was pre-empted, which is a failure too. With one CPU nobody else could make anything happen.

use std::{
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

/// The longest spin: three to four round trips, or two spinning sides never meet.
const CEILING: Duration = Duration::from_micros(50);

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

    /// Looks with `probe` until it finds something (`true`) or spinning does not pay.
    pub fn run(&mut self, mut probe: impl FnMut() -> bool) -> bool {
        if cfg!(shuttle) {
            // In a model time is not measured: two looks, the second of which may find something.
            return probe() || probe();
        }
        if self.alone {
            return false;
        }
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
            if now - last > GAP || now - start > CEILING {
                self.failures = (self.failures + 1).min(BACK_OFF);
                self.skip = (1 << self.failures) - 1;
                return false;
            }
            last = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_back_off_and_a_hit_forgives() {
        let mut spin = Spin { failures: 0, skip: 0, alone: false };
        assert!(!spin.run(|| false));
        assert_eq!((spin.failures, spin.skip), (1, 1));
        assert!(!spin.run(|| panic!("a skipped wait does not look")));
        assert!(!spin.run(|| false));
        assert_eq!((spin.failures, spin.skip), (2, 3));
        spin.skip = 0;
        let mut looks = 0;
        let hit_on_second = || {
            looks += 1;
            looks == 2
        };
        assert!(spin.run(hit_on_second));
        assert_eq!(spin.failures, 0);
    }

    #[test]
    fn a_first_look_is_neutral_and_one_cpu_never_spins() {
        let mut spin = Spin { failures: 3, skip: 0, alone: false };
        assert!(spin.run(|| true));
        assert_eq!(spin.failures, 3);
        let mut alone = Spin { alone: true, ..spin };
        assert!(!alone.run(|| panic!("looked")));
    }
}
