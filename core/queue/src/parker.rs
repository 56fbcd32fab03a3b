//! What a blocking call sleeps on: one thread parks, any thread wakes it through a [`Waker`].

#[cfg(not(loom))]
use std::{
    cell::RefCell,
    hint,
    time::{Duration, Instant},
};
use std::{
    marker::PhantomData,
    sync::Arc,
    task::{Wake, Waker},
};

use crate::sync::{AtomicBool, Mistake, Ordering, Sleeper, ordering, planted};
#[cfg(not(loom))]
use crate::{Spin, SpinLimit};

/// The sleep of one thread. It belongs to the thread that made it; its wakers go anywhere.
///
/// A wake is remembered until one `park` takes it: a wake before the park is not lost, several wakes count as one.
/// A wake may come from an earlier use of the parker (a waker that was already on its way): a return from `park`
/// means "look again", never "it holds".
#[derive(Debug)]
pub struct Parker {
    shared: Arc<Shared>,
    waker: Waker,
    #[cfg(not(loom))]
    spin: RefCell<Spin>,
    /// Parking is only right on the thread that `shared` wakes: neither `Send` nor `Sync`.
    _thread: PhantomData<*const ()>,
}

impl Parker {
    /// A parker for the calling thread. [`with_parker`] reuses one instead.
    pub fn new() -> Self {
        let shared = Arc::new(Shared { notified: AtomicBool::new(false), sleeper: Sleeper::current() });
        Self {
            waker: Waker::from(shared.clone()),
            shared,
            #[cfg(not(loom))]
            spin: RefCell::new(Spin::new()),
            _thread: PhantomData,
        }
    }

    /// Wakes this parker from any thread, as often as wanted, also after the parker is gone.
    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Looks for a wake, or what else `probe` finds, for a moment, where that has paid before. Says whether there was
    /// anything. Parking afterwards is right either way; this only makes it cheap for both sides when the wake is near.
    /// With [`SpinLimit::FOREVER`] it returns when there is something or `timeout` is over.
    #[cfg(not(loom))]
    pub fn spin(&self, limit: SpinLimit, timeout: Option<Duration>, mut probe: impl FnMut() -> bool) -> bool {
        self.spin.borrow_mut().run(limit, timeout, || {
            hint::spin_loop();
            probe() || self.shared.notified.load(Ordering::Relaxed)
        })
    }

    /// Sleeps until woken; returns at once if woken since the last park.
    pub fn park(&self) {
        // std may return from its own park for no reason, and code we do not know may use the thread's token too.
        while !self.shared.take() {
            self.shared.sleeper.sleep();
        }
    }

    /// Sleeps until woken (`true`) or until the time is over (`false`).
    #[cfg(not(loom))]
    pub fn park_timeout(&self, timeout: Duration) -> bool {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.park_deadline(deadline),
            None => {
                self.park();
                true
            }
        }
    }

    /// Sleeps until woken (`true`) or until `deadline` (`false`). A wake that already came counts, however late it is.
    #[cfg(not(loom))]
    pub fn park_deadline(&self, deadline: Instant) -> bool {
        while !self.shared.take() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return self.shared.take();
            }
            self.shared.sleeper.sleep_at_most(left);
        }
        true
    }
}

impl Default for Parker {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs `block` with the calling thread's parker: the first use on a thread allocates it, later ones do not.
///
/// A nested use (a waker or a destructor that blocks) gets a parker of its own, so that it cannot take the outer
/// one's wake.
#[cfg(not(loom))]
pub fn with_parker<R>(block: impl FnOnce(&Parker) -> R) -> R {
    std::thread_local! {
        static PARKER: std::cell::Cell<Option<Parker>> = const { std::cell::Cell::new(None) };
    }
    // While the thread ends its locals may be gone already: then a parker for once does.
    let parker = PARKER.try_with(std::cell::Cell::take).ok().flatten().unwrap_or_default();
    // In a model all threads share the locals of one.
    let parker = if cfg!(shuttle) { Parker::new() } else { parker };
    // What is left from an earlier use would only be one look too many; it is cheap to forget.
    parker.shared.take();
    let result = block(&parker);
    let _ = PARKER.try_with(|place| place.set(Some(parker)));
    result
}

#[derive(Debug)]
struct Shared {
    notified: AtomicBool,
    sleeper: Sleeper,
}

impl Shared {
    /// Takes the notice if there is one. Acquire: what was done before the wake is visible.
    fn take(&self) -> bool {
        self.notified.swap(false, Ordering::Acquire)
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Who finds the notice already there leaves the unpark to whom put it there: it has been or will be done, and
        // the sleeper takes the notice (and with it our changes, the swap being a release) after it.
        if !self.notified.swap(true, ordering(Mistake::WakeRelaxed, Ordering::Release))
            && !planted(Mistake::WakeWithoutUnpark)
        {
            self.sleeper.rouse();
        }
    }
}
