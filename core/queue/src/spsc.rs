//! An unbounded queue from one producer to one consumer, in chunks, that allocates nothing in steady state.
//!
//! The values stand in a linked list of chunks. `pushed` and `popped` count values since the beginning; the producer
//! alone writes the first, the consumer alone the second, and each place between them belongs to the consumer, each
//! other place to the producer. A chunk the consumer has left goes to a one-place cache from which the producer takes
//! its next. The first chunk is allocated by the first push: an idle queue costs three cache-line pairs.

use std::{fmt, mem::MaybeUninit, ptr};

use crate::sync::{Apart, Arc, AtomicBool, AtomicPtr, AtomicUsize, Mistake, Ordering, UnsafeCell, ordering};

/// Values in one chunk; a power of two. Tiny in a model, so that a model crosses the boundary.
const CHUNK: usize = if cfg!(any(loom, shuttle)) { 2 } else { 64 };

/// A new, empty queue.
pub fn channel<T>() -> (Producer<T>, Consumer<T>) {
    let shared = Arc::new(Shared {
        pushed: Apart(AtomicUsize::new(0)),
        popped: Apart(AtomicUsize::new(0)),
        seldom: Apart(Seldom {
            first: AtomicPtr::new(ptr::null_mut()),
            spare: AtomicPtr::new(ptr::null_mut()),
            producer_gone: AtomicBool::new(false),
            consumer_gone: AtomicBool::new(false),
            left_at: UnsafeCell::new(Cursor::START),
        }),
    });
    let producer = Producer { shared: shared.clone(), at: Cursor::START, popped: AtomicUsize::new(0) };
    (producer, Consumer { shared, at: Cursor::START, pushed: 0 })
}

/// The side that puts values in. It never blocks and never fails; the owner bounds the queue with [`has_room`] or
/// [`len`].
///
/// [`has_room`]: Producer::has_room
/// [`len`]: Producer::len
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    at: Cursor<T>,
    /// The consumer's count as last seen: never ahead of the truth. Only a cache, hence always Relaxed.
    popped: AtomicUsize,
}

impl<T> Producer<T> {
    /// Appends a value and publishes it at once.
    ///
    /// After the consumer is gone the value is still kept (and counted) until this side is dropped too.
    #[inline]
    pub fn push(&mut self, value: T) {
        self.push_with(|place| place.write(value));
    }

    /// The same for a value that `make` writes in its place, and returns.
    #[inline(always)]
    pub fn push_with(&mut self, make: impl FnOnce(&mut MaybeUninit<T>) -> &mut T) {
        let place = self.at.count % CHUNK;
        if place == 0 {
            self.next_chunk();
        }
        // SAFETY: `next_chunk` made the chunk before its first place was used. The consumer leaves (and recycles) it
        // only after it took a value from the chunk after it, and none is published while this one is being filled.
        let chunk = unsafe { &*self.at.chunk };
        // This place is not counted in `pushed` yet, so the consumer does not touch it; what stood in it before the chunk
        // was recycled has been moved out.
        chunk.slots[place].with_mut(|slot| {
            // SAFETY: see above.
            let made = make(unsafe { &mut *slot });
            assert!(ptr::eq(made, slot.cast()), "the value was made elsewhere");
        });
        self.at.count = self.at.count.wrapping_add(1);
        self.shared.pushed.0.store(self.at.count, ordering(Mistake::PublishRelaxed, Ordering::Release));
    }

    /// How many values are in the queue: pushed by this side and not yet popped.
    ///
    /// Exact when the consumer is quiet. While it pops, this may be too high by what it popped a moment ago, never
    /// too low: a limit checked with it is never passed.
    #[inline]
    pub fn len(&self) -> usize {
        self.at.count.wrapping_sub(self.shared.popped.0.load(Ordering::Acquire))
    }

    /// Whether every value pushed so far has been popped. May say `false` a moment too long, never `true` too early.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `len() < limit`, but reads the consumer's cache line only when what it last saw there does not settle it.
    #[inline]
    pub fn has_room(&self, limit: usize) -> bool {
        self.at.count.wrapping_sub(self.popped.load(Ordering::Relaxed)) < limit || {
            let popped = self.shared.popped.0.load(Ordering::Acquire);
            self.popped.store(popped, Ordering::Relaxed);
            self.at.count.wrapping_sub(popped) < limit
        }
    }

    /// Whether there is a place for the next value already: to push it is nothing but to write it.
    #[inline(always)]
    pub fn has_place(&self) -> bool {
        !self.at.count.is_multiple_of(CHUNK)
    }

    /// How many more values may be pushed, at least, before they are `limit`: what [`has_room`](Producer::has_room) has
    /// found out.
    #[inline]
    pub fn known_room(&self, limit: usize) -> usize {
        limit.saturating_sub(self.at.count.wrapping_sub(self.popped.load(Ordering::Relaxed)))
    }

    /// What this side can look at to see that no more than `most` of the values pushed so far are left.
    pub fn watch_room(&self, most: usize) -> RoomWatch<T> {
        RoomWatch { shared: self.shared.clone(), pushed: self.at.count, most }
    }

    /// Whether the consumer was dropped. Values pushed from then on reach nobody.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.shared.seldom.0.consumer_gone.load(Ordering::Acquire)
    }

    /// Links the spare chunk, or a new one, after the current.
    #[cold]
    fn next_chunk(&mut self) {
        // Acquire: the consumer's last reads of the spare come before our writes to it.
        let spare = self
            .shared
            .seldom
            .0
            .spare
            .swap(ptr::null_mut(), ordering(Mistake::RecycleRelaxed, Ordering::Acquire));
        let next = if spare.is_null() { Chunk::allocate() } else { spare };
        let link = match self.at.chunk.is_null() {
            true => &self.shared.seldom.0.first,
            // SAFETY: the consumer leaves the current chunk only after a value of the next one is published.
            false => unsafe { &(*self.at.chunk).next },
        };
        // Relaxed: the consumer follows the link only after it saw a count published (Release) after it.
        link.store(next, Ordering::Relaxed);
        self.at.chunk = next;
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        // Release: who sees the flag sees every value.
        self.shared.seldom.0.producer_gone.store(true, ordering(Mistake::CloseRelaxed, Ordering::Release));
    }
}

/// The side that takes values out.
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
    at: Cursor<T>,
    /// The producer's count as last seen: never ahead of the truth.
    pushed: usize,
}

impl<T> Consumer<T> {
    /// The oldest value, or `None` when there is none now.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        if !self.has_next() {
            return None;
        }
        // SAFETY: `has_next` saw a count beyond `at`, so this value is published, and only the consumer moves `at`.
        let value = unsafe { self.at.next(&self.shared, |slot| slot.read()) };
        self.release();
        Some(value)
    }

    /// The oldest value, if this side [knows](Consumer::known) of one and nothing has to be done but to take it.
    #[inline(always)]
    pub fn pop_known(&mut self) -> Option<T> {
        if self.is_caught_up() || self.at.count.is_multiple_of(CHUNK) {
            return None;
        }
        // SAFETY: `has_next` saw a count beyond `at` before, so this value is published, and only the consumer moves `at`.
        let value = unsafe { self.at.next(&self.shared, |slot| slot.read()) };
        self.release();
        Some(value)
    }

    /// Moves the oldest value to `into`; says whether there was one. It is moved once.
    #[inline]
    pub fn pop_into(&mut self, into: &mut T) -> bool {
        if !self.has_next() {
            return false;
        }
        // SAFETY: as in `pop`; what was in the value's new place is dropped first, and the move takes place even if that
        // panics.
        unsafe {
            self.at.next(&self.shared, |from| {
                let to = ptr::from_mut(into);
                let _move = Move { from, to };
                ptr::drop_in_place(to);
            });
        }
        self.release();
        true
    }

    /// Whether a value is published at the cursor, seen with Acquire.
    #[inline(always)]
    fn has_next(&mut self) -> bool {
        if self.at.count == self.pushed {
            self.pushed = self.shared.pushed.0.load(Ordering::Acquire);
        }
        self.at.count != self.pushed
    }

    /// The place before the cursor is the producer's again.
    #[inline(always)]
    fn release(&self) {
        self.shared.popped.0.store(self.at.count, Ordering::Release);
    }

    /// Whether the values that this side knows of are all taken: the next [`pop`](Consumer::pop) has to look at the
    /// producer's cache line.
    #[inline]
    pub fn is_caught_up(&self) -> bool {
        self.at.count == self.pushed
    }

    /// How many values this side knows of: it looks at nothing the producer writes.
    #[inline]
    pub fn known(&self) -> usize {
        self.pushed.wrapping_sub(self.at.count)
    }

    /// How many values can be popped right now without the producer's help.
    ///
    /// Exact when the producer is quiet. While it pushes, this may be too low by what it pushed a moment ago, never
    /// too high: so many pops will succeed.
    #[inline]
    pub fn len(&self) -> usize {
        self.shared.pushed.0.load(Ordering::Acquire).wrapping_sub(self.at.count)
    }

    /// Whether there is nothing to pop now.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes out what is in the queue at this moment, and no more, however fast the producer is.
    ///
    /// A value leaves the queue when the iterator yields it: those not asked for stay in the queue.
    pub fn drain(&mut self) -> Drain<'_, T> {
        let left = self.len();
        Drain { consumer: self, left }
    }

    /// What another thread, or this one without borrowing the consumer, can look at to see a value come.
    pub fn watch(&self) -> Watch<T> {
        Watch { shared: self.shared.clone(), taken: self.at.count }
    }

    /// Whether the producer was dropped. All its values are visible then: after `true`, a `pop` that finds nothing
    /// is final.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.shared.seldom.0.producer_gone.load(Ordering::Acquire)
    }
}

/// Drops the values that are in the queue; [`drain`](Consumer::drain) first to account for them.
impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        self.shared.seldom.0.consumer_gone.store(true, Ordering::Release);
        self.drain().for_each(drop);
        let at = Cursor { chunk: self.at.chunk, count: self.at.count };
        // SAFETY: only the consumer touches this cell while it lives, and `Shared::drop` after both sides are gone.
        self.shared.seldom.0.left_at.with_mut(|cell| unsafe { *cell = at });
    }
}

/// A look at a queue from outside. See [`Consumer::watch`].
pub struct Watch<T> {
    shared: Arc<Shared<T>>,
    taken: usize,
}

impl<T> Watch<T> {
    /// Whether there is a value that had not been taken when this watch was made.
    #[inline]
    pub fn has_news(&self) -> bool {
        self.shared.pushed.0.load(Ordering::Relaxed) != self.taken
    }
}

/// A look at a queue from its producer's side. See [`Producer::watch_room`].
pub struct RoomWatch<T> {
    shared: Arc<Shared<T>>,
    pushed: usize,
    most: usize,
}

impl<T> RoomWatch<T> {
    /// Whether there is the room that this watch was made for.
    #[inline]
    pub fn has_room(&self) -> bool {
        // Negative when others have pushed since, and that was popped too.
        let left = self.pushed.wrapping_sub(self.shared.popped.0.load(Ordering::Relaxed)).cast_signed();
        left <= self.most.cast_signed()
    }
}

/// The values of a queue, taken out one by one. See [`Consumer::drain`].
pub struct Drain<'a, T> {
    consumer: &'a mut Consumer<T>,
    left: usize,
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        self.consumer.pop()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for Drain<'_, T> {}

struct Shared<T> {
    pushed: Apart<AtomicUsize>,
    popped: Apart<AtomicUsize>,
    seldom: Apart<Seldom<T>>,
}

/// What is touched once per chunk or less.
struct Seldom<T> {
    first: AtomicPtr<Chunk<T>>,
    /// Filled by the consumer, emptied by the producer; null when empty.
    spare: AtomicPtr<Chunk<T>>,
    producer_gone: AtomicBool,
    consumer_gone: AtomicBool,
    /// Where the consumer stood when it was dropped.
    left_at: UnsafeCell<Cursor<T>>,
}

/// Moves a value at the end of its life, whatever happens before.
struct Move<T> {
    from: *const T,
    to: *mut T,
}

impl<T> Drop for Move<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: who makes it sees to it that there is a value at `from`, which nobody moves out again, and none at `to`.
        unsafe { ptr::copy_nonoverlapping(self.from, self.to, 1) };
    }
}

/// A position: so many values since the beginning, the chunk that holds the value before it (null: none yet).
struct Cursor<T> {
    chunk: *mut Chunk<T>,
    count: usize,
}

impl<T> Cursor<T> {
    const START: Self = Self { chunk: ptr::null_mut(), count: 0 };

    /// Has `take` move the value at the cursor out, and steps over it.
    ///
    /// # Safety
    /// A value is published there, the caller saw that with Acquire, and nobody else reads it.
    #[inline(always)]
    unsafe fn next<R>(&mut self, shared: &Shared<T>, take: impl FnOnce(*const T) -> R) -> R {
        let place = self.count % CHUNK;
        if place == 0 {
            // SAFETY: a published value at the start of a chunk implies that its chunk is linked.
            unsafe { self.follow(shared) };
        }
        debug_assert!(!self.chunk.is_null(), "a value was published before its chunk was linked");
        // SAFETY: the chunk is linked and only the consumer's side, which is the caller, recycles or frees it.
        let chunk = unsafe { &*self.chunk };
        // Counted first: what is taken is taken, even if `take` panics.
        self.count = self.count.wrapping_add(1);
        chunk.slots[place].with_mut(|slot| take(slot.cast_const().cast()))
    }

    /// Steps into the next chunk and leaves the old one to the producer.
    ///
    /// # Safety
    /// The next chunk is linked, and the old one has no value left.
    #[cold]
    unsafe fn follow(&mut self, shared: &Shared<T>) {
        let old = self.chunk;
        if old.is_null() {
            self.chunk = shared.seldom.0.first.load(Ordering::Relaxed);
            return;
        }
        // SAFETY: `old` is the consumer's own chunk, alive until this function hands it on.
        self.chunk = unsafe { &*old }.next.load(Ordering::Relaxed);
        // Release: our reads of the chunk come before the producer's next writes to it. Acquire: what comes back, if
        // the producer did not want it, was left by us before.
        let surplus = shared.seldom.0.spare.swap(old, ordering(Mistake::RecycleRelaxed, Ordering::AcqRel));
        // SAFETY: the swap gave this chunk, which is in nobody else's hands, to us alone.
        unsafe { Chunk::free(surplus) };
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let pushed = self.pushed.0.load(Ordering::Acquire);
        // SAFETY: both sides are gone (this is the last reference), so the cell is ours.
        let mut at = self.seldom.0.left_at.with_mut(|cell| unsafe { ptr::replace(cell, Cursor::START) });
        while at.count != pushed {
            // SAFETY: `at` is behind `pushed`, and nobody else is left.
            drop(unsafe { at.next(self, |slot| slot.read()) });
        }
        // SAFETY: the chunk the cursor ends in and the spare are the only ones left, and nobody else is.
        unsafe {
            Chunk::free(at.chunk);
            Chunk::free(self.seldom.0.spare.load(Ordering::Acquire));
        }
    }
}

struct Chunk<T> {
    slots: [UnsafeCell<MaybeUninit<T>>; CHUNK],
    next: AtomicPtr<Chunk<T>>,
}

impl<T> Chunk<T> {
    fn allocate() -> *mut Self {
        Box::into_raw(Box::new(Self {
            slots: std::array::from_fn(|_| UnsafeCell::new(MaybeUninit::uninit())),
            next: AtomicPtr::new(ptr::null_mut()),
        }))
    }

    /// Gives the memory back; values in it are not dropped.
    ///
    /// # Safety
    /// `chunk` is null or came from `allocate`, and nobody uses it afterwards.
    unsafe fn free(chunk: *mut Self) {
        if !chunk.is_null() {
            // SAFETY: as the caller promises.
            drop(unsafe { Box::from_raw(chunk) });
        }
    }
}

// SAFETY: a side owns its cursor and shares only atomics and the places that `pushed` and `popped` hand from one side
// to the other; values move between threads, hence `T: Send`. `&self` methods only load atomics, hence `Sync`.
unsafe impl<T: Send> Send for Producer<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Producer<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Consumer<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Consumer<T> {}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("len", &self.len()).field("closed", &self.is_closed()).finish()
    }
}

impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("len", &self.len()).field("closed", &self.is_closed()).finish()
    }
}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("taken", &self.taken).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for RoomWatch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomWatch")
            .field("pushed", &self.pushed)
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Drain<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").field("left", &self.left).finish()
    }
}
