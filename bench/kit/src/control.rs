//! What the drivers share with the thread that talks to the harness: counters one way, go and stop the other.

use std::fmt;
use std::future::poll_fn;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use anyhow::Error;
use hdrhistogram::Histogram;
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

use crate::contestant::Unsupported;
use crate::protocol::{Delays, Reply, Sample};
use crate::system;

/// Delays are recorded with three significant digits, up to so many nanoseconds.
const LONGEST_DELAY: u64 = 100_000_000_000;

/// One job of this process.
#[derive(Clone)]
pub struct Control(Arc<Shared>);

struct Shared {
    go: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
    stopped: AtomicBool,
    lanes: Mutex<Vec<Arc<Lane>>>,
    /// How many parts of the job are not ready yet.
    unready: AtomicUsize,
    wanted: AtomicU64,
}

/// The counters of one thread or task. Only it writes them, so plain stores do; the alignment keeps lanes out of each
/// other's cache lines.
#[derive(Debug)]
#[repr(align(128))]
pub struct Lane {
    count: AtomicU64,
    sum: AtomicU64,
    errors: AtomicU64,
    delays: Mutex<Histogram<u64>>,
}

impl Control {
    /// A job that is ready when `parts` of it are.
    pub fn new(parts: usize) -> Self {
        Self(Arc::new(Shared {
            go: AtomicBool::new(false),
            waiting: Mutex::default(),
            stopped: AtomicBool::new(false),
            lanes: Mutex::default(),
            unready: AtomicUsize::new(parts),
            wanted: AtomicU64::new(0),
        }))
    }

    pub fn lane(&self) -> Arc<Lane> {
        let lane = Arc::new(Lane::new());
        lock(&self.0.lanes).push(Arc::clone(&lane));
        lane
    }

    /// One part of the job has its peer.
    pub fn ready(&self) {
        if self.0.unready.fetch_sub(1, Ordering::AcqRel) == 1 {
            reply(&Reply::Ready);
        }
    }

    /// The job cannot go on.
    pub fn failed(&self, error: &Error) {
        let unsupported = error.is::<Unsupported>();
        reply(&Reply::Failed { reason: format!("{error:#}"), unsupported });
    }

    /// Waits until the harness says so.
    pub async fn go(&self) {
        poll_fn(|context| {
            if self.is_going() {
                return Poll::Ready(());
            }
            lock(&self.0.waiting).push(context.waker().clone());
            // The order may have come between the two lines above.
            if self.is_going() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[inline]
    pub fn is_going(&self) -> bool {
        self.0.go.load(Ordering::Acquire)
    }

    #[inline]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Relaxed)
    }

    /// So many messages were sent that somebody wants.
    pub fn add_wanted(&self, count: u64) {
        self.0.wanted.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn order_go(&self) {
        self.0.go.store(true, Ordering::Release);
        for waker in lock(&self.0.waiting).drain(..) {
            waker.wake();
        }
    }

    pub(crate) fn order_stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }

    /// Adds what the lanes of this job have counted.
    pub(crate) fn add_to(&self, sample: &mut Sample) {
        let mut delays = histogram();
        for lane in lock(&self.0.lanes).iter() {
            sample.counts.push(lane.count.load(Ordering::Relaxed));
            sample.sum = sample.sum.wrapping_add(lane.sum.load(Ordering::Relaxed));
            sample.errors += lane.errors.load(Ordering::Relaxed);
            let mut recorded = lock(&lane.delays);
            // Both have the same bounds, so adding cannot fail.
            let _ = delays.add(&*recorded);
            recorded.reset();
        }
        sample.wanted += self.0.wanted.load(Ordering::Relaxed);
        if !delays.is_empty() {
            sample.delays = Some(summary(&delays));
        }
    }
}

impl Lane {
    fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            delays: Mutex::new(histogram()),
        }
    }

    /// One more message with this number.
    #[inline]
    pub fn pass(&self, sequence: u64) {
        self.add(1);
        self.sum.store(self.sum.load(Ordering::Relaxed).wrapping_add(sequence), Ordering::Relaxed);
    }

    /// So many more of what is counted.
    #[inline]
    pub fn add(&self, count: u64) {
        self.count.store(self.count.load(Ordering::Relaxed) + count, Ordering::Relaxed);
    }

    #[inline]
    pub fn fail(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    pub fn delay(&self, nanoseconds: u64) {
        lock(&self.delays).saturating_record(nanoseconds.max(1));
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Control").field("going", &self.is_going()).finish_non_exhaustive()
    }
}

/// The monotonic clock in nanoseconds.
#[inline]
pub fn now() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map_or(0, |time| time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}

/// Sleeps until that moment of the monotonic clock; holds its thread.
pub fn sleep_until(moment: u64) {
    let time = nix::sys::time::TimeSpec::from_duration(Duration::from_nanos(moment));
    while clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::TIMER_ABSTIME, &time).is_err() {}
}

/// Waits without holding a thread of any runtime. For setting up only: it is a thread that sleeps.
pub(crate) async fn nap(duration: Duration) {
    let over = Arc::new(AtomicBool::new(false));
    let mut started = false;
    poll_fn(move |context| {
        if over.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        if !std::mem::replace(&mut started, true) {
            let (over, waker) = (Arc::clone(&over), context.waker().clone());
            thread::spawn(move || {
                thread::sleep(duration);
                over.store(true, Ordering::Release);
                waker.wake();
            });
        }
        Poll::Pending
    })
    .await;
}

/// Writes one line to the harness. When nobody reads it any more there is nothing left to do.
pub(crate) fn reply(reply: &Reply) {
    let line = serde_json::to_string(reply).unwrap_or_default();
    if writeln!(std::io::stdout().lock(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// What the process has used, and the counters of these jobs of its.
pub(crate) fn sample<'a>(jobs: impl Iterator<Item = &'a Control>) -> Sample {
    let mut sample = system::usage();
    for job in jobs {
        job.add_to(&mut sample);
    }
    sample
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_DELAY, 3)
        .unwrap_or_else(|_| unreachable!("the bounds are constant"))
}

fn summary(delays: &Histogram<u64>) -> Delays {
    Delays {
        count: delays.len(),
        mean: delays.mean(),
        p50: delays.value_at_quantile(0.5),
        p90: delays.value_at_quantile(0.9),
        p99: delays.value_at_quantile(0.99),
        p999: delays.value_at_quantile(0.999),
        max: delays.max(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_adds_up_the_lanes_and_forgets_the_delays() {
        let control = Control::new(1);
        let (first, second) = (control.lane(), control.lane());
        first.pass(5);
        second.pass(7);
        second.fail();
        first.delay(1_000);
        let mut sample = Sample::default();
        control.add_to(&mut sample);
        assert_eq!((sample.counts.as_slice(), sample.sum, sample.errors), ([1, 1].as_slice(), 12, 1));
        assert_eq!(sample.delays.unwrap().count, 1);
        let mut again = Sample::default();
        control.add_to(&mut again);
        assert_eq!((again.count(), again.delays), (2, None));
    }

    #[test]
    fn lanes_wait_for_the_order() {
        let control = Control::new(1);
        let lane = control.clone();
        let thread = thread::spawn(move || pollster::block_on(lane.go()));
        control.order_go();
        thread.join().unwrap();
        pollster::block_on(nap(Duration::from_millis(1)));
    }
}
