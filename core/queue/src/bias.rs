//! A short way into a lock for the thread that nearly always takes it: two plain stores and no atomic read-modify-write,
//! which would have to wait until everything the thread has written before is in its cache.
//!
//! ```text
//! the favourite                                  anybody else, with the lock by the long way
//! 1 uses += 1 (now odd)                          1 favourite = nobody
//! 2 light fence                                  2 heavy fence
//! 3 favourite still me? It has the lock.         3 wait while uses is odd
//!   Else uses += 1, and the long way             4 it has the lock
//! 4 when it lets go: uses += 1 (even again)
//! ```
//!
//! Of the two fences one comes first: either the favourite finds that it is no longer that, or the other one finds it at
//! work and waits. Only who has the lock by the long way names a favourite, and only itself; so nobody takes the long way
//! past a favourite without seeing it. A thread may stop for any time before step 1 and be the favourite no longer when it
//! goes on: so each counts its uses in a place that is never another thread's. There are few places; the threads that come
//! after they are gone take the long way.
//!
//! Taking the favour away costs a system call and disturbs the other threads, so it is granted after the same thread has
//! come the long way many times in a row, and ever more rarely where it did not pay.

use crate::{
    barrier::Barrier,
    sync::{AtomicUsize, Mistake, Ordering, UnsafeCell, ordering, planted, yield_now},
};

/// Times in a row that make a favourite, at first and at most.
const FEW: usize = if cfg!(loom) { 1 } else { 64 };
const MANY: usize = 1 << 14;

/// Uses of the short way that are worth more than it cost to end it.
const WORTH: usize = 1 << 8;

/// Threads that can ever be favourites of one lock.
const PLACES: usize = 4;

/// Nobody's number.
const NOBODY: usize = 0;

/// Nobody's favour: no thread's, not even of one that has no number yet.
const NO_FAVOUR: usize = usize::MAX;

/// The favour of one lock.
#[derive(Debug)]
pub(crate) struct Bias {
    /// The favourite's number times `PLACES`, plus its place.
    favour: AtomicUsize,
    /// Each odd while its thread has the lock by the short way. Only that thread writes there.
    uses: [AtomicUsize; PLACES],
    /// Belongs to who has the lock by the long way.
    record: UnsafeCell<Record>,
}

/// Who came the long way.
#[derive(Debug)]
struct Record {
    last: usize,
    times: usize,
    /// So many times in a row make a favourite.
    needed: usize,
    /// The threads whose places these are.
    places: [usize; PLACES],
    /// The uses of the favourite's place when the favour was granted.
    since: usize,
}

impl Bias {
    pub(crate) fn new() -> Self {
        Bias {
            favour: AtomicUsize::new(NO_FAVOUR),
            uses: [(); PLACES].map(|()| AtomicUsize::new(0)),
            record: UnsafeCell::new(Record {
                last: NOBODY,
                times: 0,
                needed: FEW,
                places: [NOBODY; PLACES],
                since: 0,
            }),
        }
    }

    /// The short way in, for the favourite; `None` for anybody else. [`Bias::leave`] is the way out.
    #[inline(always)]
    pub(crate) fn enter(&self, barrier: Barrier) -> Option<Place> {
        let favour = self.favour.load(Ordering::Relaxed);
        if favour / PLACES != known_number() {
            return None;
        }
        let place = Place(favour % PLACES);
        let uses = self.place(place).load(Ordering::Relaxed);
        self.place(place).store(uses.wrapping_add(1), Ordering::Relaxed);
        if !planted(Mistake::BiasEntersWithoutFence) {
            barrier.light();
        }
        if planted(Mistake::BiasLooksOnce) || self.favour.load(Ordering::Relaxed) == favour {
            return Some(place);
        }
        self.leave(place);
        None
    }

    /// The favourite lets go of the lock.
    #[inline(always)]
    pub(crate) fn leave(&self, place: Place) {
        let uses = self.place(place).load(Ordering::Relaxed);
        // Release: whoever ends the favour sees what was done under the lock.
        let release = ordering(Mistake::BiasLeavesRelaxed, Ordering::Release);
        self.place(place).store(uses.wrapping_add(1), release);
    }

    /// Whether a favourite has the lock just now.
    pub(crate) fn is_entered(&self) -> bool {
        self.uses.iter().any(|uses| uses.load(Ordering::Relaxed) % 2 == 1)
    }

    /// The calling thread has come the long way: waits until no favourite is inside, and may become one.
    ///
    /// # Safety
    ///
    /// Nobody else comes the long way before the caller has let go.
    #[inline]
    pub(crate) unsafe fn admit(&self, barrier: Barrier) {
        // SAFETY: as promised by the caller.
        self.record.with_mut(|record| unsafe { self.note(&mut *record, barrier) });
    }

    #[inline]
    fn note(&self, record: &mut Record, barrier: Barrier) {
        let favour = self.favour.load(Ordering::Relaxed);
        if favour != NO_FAVOUR {
            self.revoke(Place(favour % PLACES), record, barrier);
        }
        let me = number();
        if record.last != me {
            (record.last, record.times) = (me, 0);
        }
        record.times += 1;
        if record.times > record.needed {
            record.times = 0;
            self.grant(me, record, barrier);
        }
    }

    #[cold]
    fn grant(&self, me: usize, record: &mut Record, barrier: Barrier) {
        let place = record.places.iter().position(|thread| [me, NOBODY].contains(thread));
        if let Some(place) = place.filter(|_| barrier.is_light()) {
            record.places[place] = me;
            record.since = self.uses[place].load(Ordering::Relaxed);
            self.favour.store(me * PLACES + place, Ordering::Relaxed);
        }
    }

    #[cold]
    fn revoke(&self, place: Place, record: &mut Record, barrier: Barrier) {
        self.favour.store(NO_FAVOUR, Ordering::Relaxed);
        if !planted(Mistake::BiasRevokesWithoutFence) {
            barrier.heavy_for_certain();
        }
        let acquire = ordering(Mistake::BiasRevokesRelaxed, Ordering::Acquire);
        let mut uses = self.place(place).load(acquire);
        while uses % 2 == 1 && !planted(Mistake::BiasDoesNotWait) {
            // It is in the middle of something short, unless the system has stopped it there.
            yield_now();
            uses = self.place(place).load(acquire);
        }
        record.needed = match uses.wrapping_sub(record.since) / 2 {
            WORTH.. => (record.needed / 2).max(FEW),
            _ => (record.needed * 4).min(MANY),
        };
    }

    #[inline]
    fn place(&self, place: Place) -> &AtomicUsize {
        &self.uses[place.0 % PLACES]
    }
}

/// Where a favourite counts its uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(usize);

#[cfg(not(loom))]
std::thread_local! {
    static NUMBER: std::cell::Cell<usize> = const { std::cell::Cell::new(NOBODY) };
}

/// The calling thread's number, which no other thread ever has.
#[cfg(not(loom))]
fn number() -> usize {
    static LAST: AtomicUsize = AtomicUsize::new(NOBODY);
    if NUMBER.get() == NOBODY {
        NUMBER.set(LAST.fetch_add(1, Ordering::Relaxed) + 1);
    }
    NUMBER.get()
}

/// The same; [`NOBODY`] while nobody has asked for it.
#[cfg(not(loom))]
#[inline(always)]
fn known_number() -> usize {
    NUMBER.get()
}

#[cfg(loom)]
fn number() -> usize {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    loom::thread::current().id().hash(&mut hasher);
    // Small enough to leave room for a place.
    hasher.finish() as usize % (1 << 40) + 1
}

#[cfg(loom)]
fn known_number() -> usize {
    number()
}
