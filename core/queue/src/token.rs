//! The role of reader or writer: exactly one thread holds it, and a request made meanwhile is never lost.
//!
//! Who has something to be done (a flush, say) leaves it where the holder looks, then tries to acquire. It either
//! becomes the holder and does the work itself, or the holder does it: before the role can become free, the holder is
//! told to look again. The table is total; there is no other state and no other operation.
//!
//! | state | `try_acquire` | `release` (holder only) |
//! |---|---|---|
//! | FREE | → HELD, `true`: you hold it | a bug: panics in debug builds, stays FREE, `false` |
//! | HELD | → AGAIN, `false`: the holder will look again | → FREE, `false`: you left |
//! | AGAIN | → AGAIN, `false`: the holder will look again | → HELD, `true`: still yours, look again |
//!
//! Every transition, AGAIN → AGAIN too, is an atomic read-modify-write with acquire and release: what was left before
//! `try_acquire` is visible to the holder after the `release` that answers `true`. The role is not bound to a thread:
//! a holder that has done its share of work may hand the role over by telling another thread "you hold it now".

use std::{
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
};

use crate::sync::{AtomicU8, Mistake, Ordering, UnsafeCell, planted};

const FREE: u8 = 0;
const HELD: u8 = 1;
const AGAIN: u8 = 2;

/// The bare state machine. [`RoleCell`] guards a value with it.
#[derive(Debug)]
pub struct Role {
    state: AtomicU8,
}

impl Role {
    /// A role that is free.
    pub fn new() -> Self {
        Self { state: AtomicU8::new(FREE) }
    }

    /// `true`: the caller holds the role now and must [`release`](Role::release) it. `false`: another holds it and
    /// will look again, after this call, before it leaves.
    #[inline]
    pub fn try_acquire(&self) -> bool {
        if planted(Mistake::RoleForgetsRequest) {
            return self.state.compare_exchange(FREE, HELD, Ordering::AcqRel, Ordering::Acquire).is_ok();
        }
        if planted(Mistake::RoleRequestByLoad) && self.state.load(Ordering::Acquire) == AGAIN {
            return false;
        }
        self.step(|state| if state == FREE { HELD } else { AGAIN }) == FREE
    }

    /// The holder is done. `true`: somebody asked meanwhile; the role is still the caller's: look again and release
    /// again. `false`: the caller holds it no more.
    #[inline]
    #[must_use = "true means that the role is still held and must be released again"]
    pub fn release(&self) -> bool {
        let was = self.step(|state| if state == AGAIN { HELD } else { FREE });
        debug_assert_ne!(was, FREE, "a role was released that nobody holds");
        was == AGAIN
    }

    /// Whether somebody holds the role at this moment: good for figures, not for decisions.
    pub fn is_held(&self) -> bool {
        self.state.load(Ordering::Relaxed) != FREE
    }

    /// One transition; says the state before it.
    #[inline]
    fn step(&self, transition: impl Fn(u8) -> u8) -> u8 {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            match self.state.compare_exchange_weak(
                state,
                transition(state),
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(was) => return was,
                Err(now) => state = now,
            }
        }
    }
}

impl Default for Role {
    fn default() -> Self {
        Self::new()
    }
}

/// A value that only the holder of its role touches: a mutex where nobody waits, and nobody's request is lost.
pub struct RoleCell<T> {
    role: Role,
    value: UnsafeCell<T>,
}

impl<T> RoleCell<T> {
    /// The value, with the role free.
    pub fn new(value: T) -> Self {
        Self { role: Role::new(), value: UnsafeCell::new(value) }
    }

    /// Does `work` on the value, again for each request that came meanwhile, and says `true`; or, when another holds
    /// the role, leaves a request that the holder serves, and says `false`.
    ///
    /// `work` takes up everything that was left for it before. A holder that must bound its turns uses
    /// [`try_enter`](RoleCell::try_enter) and counts.
    pub fn run(&self, mut work: impl FnMut(&mut T)) -> bool {
        let Some(mut guard) = self.try_enter() else { return false };
        loop {
            work(&mut guard);
            match guard.leave() {
                Some(again) => guard = again,
                None => return true,
            }
        }
    }

    /// The value, if the role was free; otherwise a request is left and the holder will look again.
    #[must_use = "a guard that is dropped forgets the requests made meanwhile"]
    pub fn try_enter(&self) -> Option<RoleGuard<'_, T>> {
        self.role.try_acquire().then(|| RoleGuard { cell: self, held: true, _value: PhantomData })
    }

    /// Whether somebody holds the role at this moment: good for figures, not for decisions.
    pub fn is_held(&self) -> bool {
        self.role.is_held()
    }

    /// The value, when nobody can hold the role any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

/// The holder's access to the value of a [`RoleCell`].
///
/// [`leave`](RoleGuard::leave) it. Merely dropping it (an error path, a panic) frees the role and forgets the requests
/// made meanwhile: right only where there is nothing more to do, as when the connection has ended.
pub struct RoleGuard<'a, T> {
    cell: &'a RoleCell<T>,
    held: bool,
    /// The guard is as good as a `&mut T`, also in what it may be sent to and shared with.
    _value: PhantomData<&'a mut T>,
}

impl<T> RoleGuard<'_, T> {
    /// Leaves. `Some`: somebody asked meanwhile and the role is still held: look again, then leave again.
    #[must_use = "Some means that the role is still held, for work that was asked for"]
    pub fn leave(mut self) -> Option<Self> {
        self.held = self.cell.role.release();
        self.held.then_some(self)
    }
}

impl<T> Drop for RoleGuard<'_, T> {
    fn drop(&mut self) {
        while self.held {
            self.held = self.cell.role.release();
        }
    }
}

impl<T> Deref for RoleGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the role is held through this guard, so nobody else has access to the value.
        self.cell.value.with(|value| unsafe { &*value })
    }
}

impl<T> DerefMut for RoleGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the role is held through this guard, which is borrowed exclusively.
        self.cell.value.with_mut(|value| unsafe { &mut *value })
    }
}

// SAFETY: the role lets one thread at a time reach the value, as a mutex would; hence `T: Send` suffices.
unsafe impl<T: Send> Sync for RoleCell<T> {}

impl<T: Default> Default for RoleCell<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> fmt::Debug for RoleCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleCell").field("held", &self.is_held()).finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for RoleGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RoleGuard").field(&**self).finish()
    }
}
