//! The primitives every other file builds on: std's, or loom's when the tests model-check the crate.

#[cfg(loom)]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering, fence},
    },
};
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc, Condvar, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering, fence},
};

/// Keeps what two threads write apart: 128 bytes, because x86 fetches cache lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Apart<T>(pub(crate) T);

/// `std::cell::UnsafeCell` with loom's interface, so that loom can watch each access.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
        access(self.0.get())
    }

    pub(crate) fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.0.get())
    }

    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

/// The calling thread, to be put to sleep by itself and roused by others.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct Sleeper(std::thread::Thread);

#[cfg(not(loom))]
impl Sleeper {
    pub(crate) fn current() -> Self {
        Self(std::thread::current())
    }

    /// Returns after a rouse, also one that came before; or for no reason at all.
    pub(crate) fn sleep(&self) {
        std::thread::park();
    }

    /// As `sleep`, or when the time is over.
    pub(crate) fn sleep_at_most(&self, time: std::time::Duration) {
        std::thread::park_timeout(time);
    }

    pub(crate) fn rouse(&self) {
        self.0.unpark();
    }
}

/// The same from a mutex and a condition variable: loom's own `unpark` also wakes threads that wait for something
/// else, and orders more memory than std's does.
#[cfg(loom)]
#[derive(Debug)]
pub(crate) struct Sleeper {
    roused: Mutex<bool>,
    change: Condvar,
}

#[cfg(loom)]
impl Sleeper {
    pub(crate) fn current() -> Self {
        Self { roused: Mutex::new(false), change: Condvar::new() }
    }

    pub(crate) fn sleep(&self) {
        let mut roused = self.roused.lock().unwrap();
        while !std::mem::take(&mut *roused) {
            roused = self.change.wait(roused).unwrap();
        }
    }

    pub(crate) fn rouse(&self) {
        *self.roused.lock().unwrap() = true;
        self.change.notify_one();
    }
}

/// A mistake that tests under loom plant, to see that the model would notice it. Never planted in a normal build.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "each is described where it is planted")]
#[cfg_attr(not(loom), allow(unreachable_pub, reason = "exported only under loom"))]
pub enum Mistake {
    PublishRelaxed,
    RecycleRelaxed,
    CloseRelaxed,
    RingWithoutFence,
    RegisterWithoutFence,
    WakeRelaxed,
    WakeWithoutUnpark,
    RoleForgetsRequest,
    RoleRequestByLoad,
    LockAcquireRelaxed,
    LockReleaseRelaxed,
    LockReleaseWithoutFence,
    LockWaitWithoutFence,
    LockAnnouncesLate,
    LockLooksOnce,
    LockSleepsUnasked,
    LockForgetsOthers,
    LockClearsUnseen,
}

/// `right`, or no ordering at all where the mistake is planted.
#[inline(always)]
pub(crate) fn ordering(mistake: Mistake, right: Ordering) -> Ordering {
    if planted(mistake) { Ordering::Relaxed } else { right }
}

#[cfg(not(loom))]
#[inline(always)]
pub(crate) const fn planted(_: Mistake) -> bool {
    false
}

// loom runs all threads of a model as coroutines of one system thread, so a thread-local of std reaches them all and
// two tests do not disturb each other.
#[cfg(loom)]
std::thread_local! {
    static PLANTED: std::cell::Cell<Option<Mistake>> = const { std::cell::Cell::new(None) };
}

#[cfg(loom)]
pub(crate) fn planted(mistake: Mistake) -> bool {
    PLANTED.get() == Some(mistake)
}

/// Plants a mistake in the models that this system thread runs from now on.
#[cfg(loom)]
pub fn plant(mistake: Option<Mistake>) {
    PLANTED.set(mistake);
}
