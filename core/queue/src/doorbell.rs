//! Many waiters, many ringers: who waits for a condition leaves a waker, who may have changed it rings.
//!
//! The protocol, which no timer backs up:
//!
//! ```text
//! waiter                                         ringer
//! 1 ticket = doorbell.register(IN, &waker)       1 change the condition
//!   (announce, then a full fence)                2 doorbell.ring(IN)
//! 2 look at the condition again                    (a full fence, then look for waiters)
//! 3 sleep only if it still does not hold
//! 4 when woken: from 1 again, with ticket.update
//! ```
//!
//! Of the two fences one comes first: either the waiter sees the change in its second look, or the ringer sees the
//! waiter. A ring takes *every* waiter that is interested out of the set and wakes it once; so a waiter that goes away
//! can drop its ticket without passing anything on, whether it was rung or not.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::PoisonError,
    task::Waker,
};

use crate::sync::{Arc, AtomicU8, Mistake, Mutex, MutexGuard, Ordering, fence, planted};

/// Interest in receiving: there may be something to take.
pub const IN: u8 = 1;
/// Interest in sending: there may be room.
pub const OUT: u8 = 2;

const BITS: [u8; 2] = [IN, OUT];

/// A bell that any thread may ring and any number of threads and tasks may wait for. Clones are the same bell.
#[derive(Clone, Debug, Default)]
pub struct Doorbell {
    inner: Arc<Inner>,
}

impl Doorbell {
    /// A bell with nobody waiting.
    pub fn new() -> Self {
        Self::default()
    }

    /// Announces a waiter that the next [`ring`](Doorbell::ring) with one of the bits of `interest` wakes, once.
    ///
    /// Ends with a full fence: look at the condition *after* this call, and sleep only if it does not hold.
    #[must_use = "dropping the ticket cancels the wait"]
    pub fn register(&self, interest: u8, waker: &Waker) -> Ticket {
        let mut ticket = Ticket { inner: self.inner.clone(), index: 0, id: NEVER };
        ticket.update(interest, waker);
        ticket
    }

    /// Wakes every waiter that is interested in one of `bits`, and takes it out of the set. Says how many.
    ///
    /// Call it *after* changing the condition. With nobody interested this is one fence and one load. The wakers run
    /// on the calling thread, outside the bell's lock; one that panics is contained, so that it cannot end the
    /// ringer or keep the others asleep.
    #[inline]
    pub fn ring(&self, bits: u8) -> usize {
        if self.has_waiters(bits) { self.inner.ring(bits) } else { 0 }
    }

    /// Whether a waiter is interested in one of `bits`. Begins with a full fence: like `ring`, it misses no waiter
    /// that did not see what the caller changed before.
    #[inline]
    pub fn has_waiters(&self, bits: u8) -> bool {
        if !planted(Mistake::RingWithoutFence) {
            fence(Ordering::SeqCst);
        }
        self.inner.armed.load(Ordering::Relaxed) & bits != 0
    }
}

/// A waiter's place at a [`Doorbell`]. Dropping it cancels the wait.
#[derive(Debug)]
pub struct Ticket {
    inner: Arc<Inner>,
    index: usize,
    id: u64,
}

impl Ticket {
    /// Announces again, whether rung meanwhile or not, with this interest and this waker.
    ///
    /// Like [`Doorbell::register`] it ends with a full fence: look at the condition after it.
    pub fn update(&mut self, interest: u8, waker: &Waker) {
        // Wakers are foreign code: cloned before the lock and dropped after it.
        let mut waker = Some(waker.clone());
        debug_assert!(interest & !(IN | OUT) == 0, "there are no other bits");
        {
            let mut set = self.inner.lock();
            match set.find(self) {
                Some(index) => set.replace(index, interest, &mut waker),
                None => (self.index, self.id) = set.insert(interest, &mut waker),
            }
            self.inner.publish(&set);
        }
        if !planted(Mistake::RegisterWithoutFence) {
            fence(Ordering::SeqCst);
        }
    }

    /// Whether the waiter is still in the set, that is: not rung since the last announcement.
    pub fn is_armed(&self) -> bool {
        self.inner.lock().find(self).is_some()
    }

    /// Ends the wait. Says whether it was still armed; `false` means that it was rung (its waker ran or will run).
    pub fn cancel(self) -> bool {
        self.withdraw()
    }

    fn withdraw(&self) -> bool {
        let waker = {
            let mut set = self.inner.lock();
            let waker = set.find(self).and_then(|index| set.remove(index));
            self.inner.publish(&set);
            waker
        };
        waker.is_some()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.withdraw();
    }
}

/// How many wakers are taken out of the set under one lock.
const BATCH: usize = 8;

/// The id of a ticket that was never announced.
const NEVER: u64 = u64::MAX;

#[derive(Debug, Default)]
struct Inner {
    /// The union of the interests in the set: all that a ring looks at when nobody waits. Written under the lock.
    armed: AtomicU8,
    set: Mutex<Set>,
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Set> {
        // No foreign code runs under the lock, so a poisoned set is a whole set.
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, set: &Set) {
        self.armed.store(set.union(), Ordering::Relaxed);
    }

    #[cold]
    fn ring(&self, bits: u8) -> usize {
        let mut woken = 0;
        let mut from = 0;
        let mut newest = None;
        loop {
            let mut batch = [const { None }; BATCH];
            let count = {
                let mut set = self.lock();
                // Who announces from now on looks after our change; waking it too could go on for ever.
                let newest = *newest.get_or_insert(set.next_id);
                let count = set.take(bits, newest, &mut from, &mut batch);
                self.publish(&set);
                count
            };
            for waker in batch.into_iter().flatten() {
                // A panic here would end the thread that reads or writes for everybody.
                let _ = catch_unwind(AssertUnwindSafe(|| Waker::wake(waker)));
            }
            woken += count;
            if count < BATCH {
                return woken;
            }
        }
    }
}

/// The waiters, in places that are reused.
#[derive(Debug, Default)]
struct Set {
    places: Vec<Place>,
    free: Vec<usize>,
    next_id: u64,
    /// How many waiters have each bit of interest.
    counts: [u32; BITS.len()],
}

#[derive(Debug)]
struct Place {
    id: u64,
    interest: u8,
    /// None: a free place.
    waker: Option<Waker>,
}

impl Set {
    fn union(&self) -> u8 {
        self.counts.iter().zip(BITS).filter(|(count, _)| **count > 0).fold(0, |union, (_, bit)| union | bit)
    }

    fn find(&self, ticket: &Ticket) -> Option<usize> {
        let place = self.places.get(ticket.index)?;
        (place.id == ticket.id && place.waker.is_some()).then_some(ticket.index)
    }

    fn insert(&mut self, interest: u8, waker: &mut Option<Waker>) -> (usize, u64) {
        let id = self.next_id;
        self.next_id += 1;
        let place = Place { id, interest, waker: waker.take() };
        self.count(interest, u32::wrapping_add);
        let index = match self.free.pop() {
            Some(index) => {
                self.places[index] = place;
                index
            }
            None => {
                self.places.push(place);
                self.places.len() - 1
            }
        };
        (index, id)
    }

    /// Gives the place a new interest and waker, and the caller the old waker, to drop outside the lock.
    fn replace(&mut self, index: usize, interest: u8, waker: &mut Option<Waker>) {
        let old = std::mem::replace(&mut self.places[index].interest, interest);
        self.count(old, u32::wrapping_sub);
        self.count(interest, u32::wrapping_add);
        std::mem::swap(&mut self.places[index].waker, waker);
    }

    fn remove(&mut self, index: usize) -> Option<Waker> {
        let waker = self.places[index].waker.take()?;
        self.count(self.places[index].interest, u32::wrapping_sub);
        self.free.push(index);
        if self.free.len() == self.places.len() {
            // Nobody is left: start over, so that a past crowd does not slow later rings.
            self.free.clear();
            self.places.clear();
        }
        Some(waker)
    }

    /// Moves up to `BATCH` waiters that are interested in `bits` and older than `newest` into `batch`, from the place
    /// `from` on, and moves `from` behind them.
    fn take(&mut self, bits: u8, newest: u64, from: &mut usize, batch: &mut [Option<Waker>; BATCH]) -> usize {
        let mut count = 0;
        while count < BATCH {
            let Some(place) = self.places.get(*from) else { break };
            if place.interest & bits != 0 && place.id < newest {
                let waker = self.remove(*from);
                if waker.is_some() {
                    batch[count] = waker;
                    count += 1;
                }
            }
            *from += 1;
        }
        count
    }

    fn count(&mut self, interest: u8, step: fn(u32, u32) -> u32) {
        for (count, bit) in self.counts.iter_mut().zip(BITS) {
            *count = step(*count, u32::from(interest & bit != 0));
        }
    }
}
