//! Waiting and time: the two things of the kernel that a model checker replaces.
//!
//! In a model all threads take turns on one system thread. So nobody may really sleep there: a thread that would wait in a
//! poller sleeps in the model until another thread has done something that a poller can notice. Everything else the real
//! kernel does, between real descriptors.

#[cfg(shuttle)]
pub(crate) use model::{AlarmClock, Closing, Room, changed, now, patience};
#[cfg(not(shuttle))]
pub(crate) use real::{Closing, Room, changed, now, patience};

#[cfg(not(shuttle))]
mod real {
    use std::time::{Duration, Instant};

    /// Kept behind a descriptor, it tells of its end.
    #[derive(Debug, Default)]
    pub(crate) struct Closing;

    /// Whether a stream that becomes writable says so.
    #[derive(Debug, Default)]
    pub(crate) struct Room;

    impl Room {
        pub(crate) fn new() -> Self {
            Room
        }

        /// So many of the bytes that were offered have been taken.
        #[inline(always)]
        pub(crate) fn on_write(&self, _taken: Option<usize>, _offered: impl FnOnce() -> usize) {}

        /// Whether news of room were due.
        #[inline(always)]
        pub(crate) fn is_news(&self) -> bool {
            true
        }
    }

    /// Something happened that a poller of another thread may wait for.
    #[inline(always)]
    pub(crate) fn changed() {}

    /// The time that timers go by.
    #[inline(always)]
    pub(crate) fn now() -> Instant {
        Instant::now()
    }

    /// How long the poller may wait whose readiness `ready` tells, when it is to wait for at most `timeout`.
    #[inline(always)]
    pub(crate) fn patience(timeout: Option<Duration>, _ready: impl Fn() -> bool) -> Option<Duration> {
        timeout
    }
}

#[cfg(shuttle)]
mod model {
    use std::io;
    use std::os::fd::{AsRawFd, RawFd};
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::sync::{Arc, OnceLock};
    use std::time::{Duration, Instant};

    use shuttle::sync::{Condvar, Mutex};
    use shuttle::thread;

    use crate::sys::Signal;

    /// Longer waits than this never end by the clock: whatever only they would end is lost.
    const LONG: Duration = Duration::from_millis(50);

    /// Looks after which a thread lets others go first: who looks again and again must not keep them from running for ever.
    const LOOKS: u64 = 32;

    shuttle::lazy_static! {
        static ref KERNEL: Kernel = Kernel { state: Mutex::new(State::default()), change: Condvar::new() };
    }

    struct Kernel {
        state: Mutex<State>,
        change: Condvar,
    }

    #[derive(Default)]
    struct State {
        changes: u64,
        looks: u64,
        clock: Duration,
    }

    #[derive(Debug, Default)]
    pub(crate) struct Closing;

    /// Unix-domain sockets, which models use, become writable with every read of the peer; that would hide what is
    /// forgotten. So they do it as tcp does, only after they have refused something. No other thread comes between the
    /// kernel's answer and this note of it: the atomic is not the model's.
    #[derive(Debug, Default)]
    pub(crate) struct Room {
        refused: AtomicBool,
    }

    impl Room {
        pub(crate) fn new() -> Self {
            Room { refused: AtomicBool::new(false) }
        }

        pub(crate) fn on_write(&self, taken: Option<usize>, offered: impl FnOnce() -> usize) {
            if taken.is_none_or(|taken| taken < offered()) {
                self.refused.store(true, SeqCst);
            }
        }

        pub(crate) fn is_news(&self) -> bool {
            self.refused.swap(false, SeqCst)
        }
    }

    impl Drop for Closing {
        fn drop(&mut self) {
            changed();
        }
    }

    pub(crate) fn changed() {
        if let Ok(mut state) = KERNEL.state.lock() {
            state.changes += 1;
            KERNEL.change.notify_all();
        }
    }

    pub(crate) fn now() -> Instant {
        static START: OnceLock<Instant> = OnceLock::new();
        let start = *START.get_or_init(Instant::now);
        start + KERNEL.state.lock().map_or(Duration::ZERO, |state| state.clock)
    }

    /// Never any: by the time this returns the poller is ready, or its time is over.
    pub(crate) fn patience(timeout: Option<Duration>, ready: impl Fn() -> bool) -> Option<Duration> {
        let over = timeout.filter(|time| *time < LONG);
        loop {
            let mut state = KERNEL.state.lock().expect("no model panics here");
            if over.is_some() || ready() {
                state.clock += over.unwrap_or_default();
                state.looks += 1;
                let tired = state.looks.is_multiple_of(LOOKS);
                drop(state);
                if tired {
                    thread::yield_now();
                }
                return Some(Duration::ZERO);
            }
            let seen = state.changes;
            while state.changes == seen {
                state = KERNEL.change.wait(state).expect("no model panics here");
            }
        }
    }

    /// An alarm clock that rings whenever it may: as soon as it is set.
    #[derive(Debug)]
    pub(crate) struct AlarmClock(Arc<Signal>);

    impl AlarmClock {
        pub(crate) fn new() -> io::Result<Option<AlarmClock>> {
            Ok(Some(AlarmClock(Signal::new()?)))
        }

        pub(crate) fn ring_in(&self, time: Duration) -> bool {
            if let Ok(mut state) = KERNEL.state.lock() {
                state.clock += time;
            }
            self.0.raise();
            true
        }
    }

    impl AsRawFd for AlarmClock {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_raw_fd()
        }
    }
}
