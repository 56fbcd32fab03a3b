//! A mutex that costs one atomic read-modify-write where nobody waits, and none for the thread that nearly always takes
//! it ([`Bias`]): the release is a plain store and a plain load.
//!
//! ```text
//! acquire                                        release
//! 1 held: false → true                           1 held = false
//!   if it was free: done. Else spin a while      2 light fence
//! 2 wanted = true; was it so already? then 5     3 if !wanted: done
//! 3 heavy fence                                  4 under the mutex: wanted = false
//! 4 held: false → true; if it was free: done     5 if somebody sleeps: wake one
//! 5 under the mutex: sleep, but only if wanted
//! 6 from 1 again. Once it holds: if others slept
//!   when it awoke, wanted = true
//! ```
//!
//! The two fences are the usual pair (announce, fence, look; publish, fence, look), but lopsided: on Linux the light one
//! is free, and the heavy one, a system call, fences for both.
//!
//! **No wake-up is lost.** Let `wanted` become true.
//!
//! - *A releaser sees it, or another has since made it false.* Where a holder set it (6), its own release sees it. Where a
//!   waiter set it (2), that waiter looks again (4). If it now gets the lock, its own release sees it. If not, it has read
//!   what some holder wrote when it acquired. Of that holder's light fence and the waiter's heavy fence one comes first.
//!   It cannot be the light one, or the waiter would have read the release before it, or something later. So it is the
//!   heavy one, and the holder sees `wanted` when it releases.
//! - *Whoever finds it true may sleep, without fence or look*: it is going to be made false, and who makes it false wakes
//!   one sleeper. The mutex leaves no gap: either the sleeper sees false there, or it sleeps already and is counted.
//! - *The woken one cares for the other sleepers*: it gets the lock and sets `wanted`; or it sets `wanted` as a waiter; or
//!   it finds it set. In each case it will be made false once more. Who sleeps only after the woken one awoke has seen
//!   a `wanted` that is newer than the wake.
//!
//! So while anybody sleeps and every holder releases, another wake-up is to come. It need not be for the one who has slept
//! longest: like std's mutex this one is not fair, a running thread gets it before a woken one.
//!
//! Should the system refuse the heavy fence (a sandbox that came later), the waiter yields instead of sleeping; those who
//! relied on it may sleep all the same, since its release will see `wanted`.

use std::{
    fmt, hint,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    panic::{RefUnwindSafe, UnwindSafe},
    sync::PoisonError,
    thread,
};

use crate::{
    barrier::Barrier,
    bias::{Bias, Place},
    sync::{AtomicBool, Condvar, Mistake, Mutex, MutexGuard, Ordering, UnsafeCell, ordering, planted},
};

/// How often a waiter looks before it announces itself.
const SPINS: usize = if cfg!(any(loom, shuttle)) { 1 } else { 100 };

/// A value that one thread at a time reaches. A panic under the lock leaves it usable, and the value as it was then.
pub struct Lock<T> {
    held: AtomicBool,
    /// Whether a release has to wake somebody.
    wanted: AtomicBool,
    barrier: Barrier,
    bias: Bias,
    value: UnsafeCell<T>,
    /// How many sleep at the bell.
    asleep: Mutex<usize>,
    bell: Condvar,
}

impl<T> Lock<T> {
    /// The value, free to be locked.
    pub fn new(value: T) -> Self {
        Self::with_barrier(value, Barrier::choose())
    }

    /// Waits until nobody else holds the lock. It must not be held by the calling thread.
    #[inline(always)]
    pub fn lock(&self) -> LockGuard<'_, T> {
        self.lock_the_short_way().unwrap_or_else(|| self.lock_the_long_way())
    }

    /// The lock for the thread that nearly always takes it; `None` for any other, and sometimes for that one: then
    /// [`Lock::lock`] is the way.
    #[inline(always)]
    pub fn lock_the_short_way(&self) -> Option<LockGuard<'_, T>> {
        if cfg!(shuttle) && self.try_hold() {
            // There are no favourites: what is done the short way is checked all the same.
            return Some(LockGuard { lock: self, place: None, _value: PhantomData });
        }
        let place = self.bias.enter(self.barrier)?;
        Some(LockGuard { lock: self, place: Some(place), _value: PhantomData })
    }

    /// The value, when nobody can lock it any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    fn with_barrier(value: T, barrier: Barrier) -> Self {
        Self {
            held: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            barrier,
            bias: Bias::new(),
            value: UnsafeCell::new(value),
            asleep: Mutex::new(0),
            bell: Condvar::new(),
        }
    }

    #[inline(never)]
    fn lock_the_long_way(&self) -> LockGuard<'_, T> {
        if !self.try_hold() {
            self.wait();
        }
        // SAFETY: this thread holds the lock.
        unsafe { self.bias.admit(self.barrier) };
        LockGuard { lock: self, place: None, _value: PhantomData }
    }

    #[inline]
    fn try_hold(&self) -> bool {
        let acquire = ordering(Mistake::LockAcquireRelaxed, Ordering::Acquire);
        self.held.compare_exchange(false, true, acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn wait(&self) {
        let mut others = false;
        while !self.spin() {
            if self.announce() {
                return;
            }
            others = self.sleep();
        }
        if others && !planted(Mistake::LockForgetsOthers) {
            self.wanted.store(true, Ordering::Relaxed);
        }
    }

    fn spin(&self) -> bool {
        for _ in 0..SPINS {
            if !self.held.load(Ordering::Relaxed) && self.try_hold() {
                return true;
            }
            hint::spin_loop();
        }
        false
    }

    /// Sees to it that the next release wakes somebody; `true` if the lock was got meanwhile.
    fn announce(&self) -> bool {
        if planted(Mistake::LockAnnouncesLate) {
            let held = self.try_hold();
            self.wanted.store(true, Ordering::Relaxed);
            self.barrier.heavy();
            return held;
        }
        if self.wanted.swap(true, Ordering::Relaxed) || planted(Mistake::LockLooksOnce) {
            return false;
        }
        let fenced = planted(Mistake::LockWaitWithoutFence) || self.barrier.heavy();
        while !self.try_hold() {
            if fenced {
                return false;
            }
            thread::yield_now();
        }
        true
    }

    /// Sleeps until woken, or not at all if nobody would; says whether others sleep on. May return for no reason.
    fn sleep(&self) -> bool {
        let mut asleep = self.asleep();
        if self.wanted.load(Ordering::Relaxed) || planted(Mistake::LockSleepsUnasked) {
            *asleep += 1;
            asleep = self.bell.wait(asleep).unwrap_or_else(PoisonError::into_inner);
            *asleep -= 1;
        }
        *asleep > 0
    }

    #[inline]
    fn release(&self) {
        self.held.store(false, ordering(Mistake::LockReleaseRelaxed, Ordering::Release));
        if !planted(Mistake::LockReleaseWithoutFence) {
            self.barrier.light();
        }
        if self.wanted.load(Ordering::Relaxed) {
            self.wake_one();
        }
    }

    #[cold]
    fn wake_one(&self) {
        if planted(Mistake::LockClearsUnseen) {
            self.wanted.store(false, Ordering::Relaxed);
            self.bell.notify_one();
            return;
        }
        let somebody = {
            let asleep = self.asleep();
            // Made false by another: then that one wakes somebody. Hence not for each release until the woken one runs.
            self.wanted.swap(false, Ordering::Relaxed) && *asleep > 0
        };
        if somebody {
            self.bell.notify_one();
        }
    }

    fn asleep(&self) -> MutexGuard<'_, usize> {
        self.asleep.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The holder's access to the value of a [`Lock`]. Dropping it releases the lock.
#[must_use = "dropping the guard releases the lock"]
pub struct LockGuard<'a, T> {
    lock: &'a Lock<T>,
    /// It came the short way and goes the short way.
    place: Option<Place>,
    /// The guard is as good as a `&mut T`, but stays on its thread: a task that sleeps must not hold a lock.
    _value: PhantomData<(&'a mut T, *const ())>,
}

impl<T> Drop for LockGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        match self.place {
            Some(place) => self.lock.bias.leave(place),
            None => self.lock.release(),
        }
    }
}

impl<T> Deref for LockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held through this guard, so nobody else has access to the value.
        self.lock.value.with(|value| unsafe { &*value })
    }
}

impl<T> DerefMut for LockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held through this guard, which is borrowed exclusively.
        self.lock.value.with_mut(|value| unsafe { &mut *value })
    }
}

// SAFETY: the lock lets one thread at a time reach the value; hence `T: Send` suffices.
unsafe impl<T: Send> Sync for Lock<T> {}

// As with std's mutex; that the value may be half changed after a panic is for its owner to bear.
impl<T> UnwindSafe for Lock<T> {}
impl<T> RefUnwindSafe for Lock<T> {}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held.load(Ordering::Relaxed) || self.bias.is_entered();
        f.debug_struct("Lock").field("held", &held).finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LockGuard").field(&**self).finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Whatever this system offers, the other kind of fence is tested too.
    #[test]
    fn both_barriers_keep_count_under_contention() {
        let rounds = if cfg!(miri) { 50 } else { 100_000 };
        for barrier in [Barrier::choose(), Barrier::Even] {
            let lock = Lock::with_barrier(0, barrier);
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..rounds).for_each(|_| *lock.lock() += 1));
                }
            });
            assert_eq!(lock.into_inner(), 4 * rounds, "{barrier:?}");
        }
    }
}
