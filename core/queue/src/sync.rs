//! The primitives the engine builds on: std's, or those of a model checker when the tests are built for one.
//!
//! With `--cfg loom` this crate alone is checked, in every permitted memory order; with `--cfg shuttle` the whole engine
//! runs on threads whose every step is chosen by the checker.

#[cfg(loom)]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering, fence},
    },
};
#[cfg(shuttle)]
pub use shuttle::{
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread,
};
#[cfg(not(loom))]
pub(crate) use std::sync::Arc;
#[cfg(not(any(loom, shuttle)))]
pub use std::{
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
    },
    thread,
};

pub(crate) use crate::mistake::{Mistake, planted};

#[cfg(loom)]
pub(crate) use loom::thread::yield_now;
#[cfg(not(loom))]
pub(crate) use thread::yield_now;

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
pub(crate) struct Sleeper(thread::Thread);

#[cfg(not(loom))]
impl Sleeper {
    pub(crate) fn current() -> Self {
        Self(thread::current())
    }

    /// Returns after a rouse, also one that came before; or for no reason at all.
    pub(crate) fn sleep(&self) {
        thread::park();
    }

    /// As `sleep`, or when the time is over.
    pub(crate) fn sleep_at_most(&self, time: std::time::Duration) {
        thread::park_timeout(time);
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

/// `right`, or no ordering at all where the mistake is planted.
#[inline(always)]
pub(crate) fn ordering(mistake: Mistake, right: Ordering) -> Ordering {
    if planted(mistake) { Ordering::Relaxed } else { right }
}
