//! Each part on its own: what its documentation promises.
#![cfg(not(loom))]

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use ohmq_queue::{
    Doorbell, Lock, Parker, Role, RoleCell, Ticket, channel,
    doorbell::{IN, OUT},
    with_parker,
};

/// Counts its wakes.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Counter {
    fn new() -> (Arc<Self>, Waker) {
        let counter = Arc::new(Self::default());
        (counter.clone(), counter.into())
    }

    fn wakes(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn queue_counts_and_keeps_order_over_many_chunks() {
    let (mut producer, mut consumer) = channel();
    for round in 0..if cfg!(miri) { 20 } else { 300 } {
        for number in 0..round {
            producer.push(number);
        }
        assert_eq!((producer.len(), consumer.len()), (round, round));
        assert_eq!(consumer.drain().len(), round);
        for number in 0..round {
            assert_eq!(consumer.pop(), Some(number));
        }
        assert!(producer.is_empty() && consumer.is_empty() && consumer.pop().is_none());
    }
}

#[test]
fn queue_of_nothing_sized_values() {
    let (mut producer, mut consumer) = channel();
    (0..200).for_each(|_| producer.push(()));
    assert_eq!(consumer.drain().count(), 200);
}

#[test]
fn drain_takes_what_was_there_and_leaves_what_was_not_asked_for() {
    let (mut producer, mut consumer) = channel();
    (0..100).for_each(|number| producer.push(number));
    assert_eq!(consumer.drain().take(30).sum::<i32>(), (0..30).sum());
    assert_eq!(producer.len(), 70);
    let mut drain = consumer.drain();
    producer.push(100);
    assert_eq!(drain.by_ref().count(), 70);
    assert!(drain.next().is_none());
    assert_eq!(consumer.pop(), Some(100));
}

#[test]
fn what_is_known_is_popped_without_a_look() {
    let (mut producer, mut consumer) = channel();
    (0..200).for_each(|number| producer.push(number));
    assert_eq!((consumer.pop_known(), consumer.pop()), (None, Some(0)), "nothing was known before the look");
    producer.push(200);
    let mut popped = vec![];
    while consumer.known() > 0 {
        // It leaves the first of each chunk.
        popped.extend(consumer.pop_known().or_else(|| consumer.pop()));
    }
    assert_eq!((popped, consumer.pop_known()), ((1..200).collect(), None));
    assert_eq!(consumer.pop(), Some(200));
}

#[test]
fn has_room_keeps_the_limit() {
    let (mut producer, mut consumer) = channel();
    assert!(!producer.has_room(0));
    for _ in 0..3 {
        assert!(producer.has_room(3));
        producer.push(());
    }
    assert!(!producer.has_room(3));
    consumer.pop();
    assert!(producer.has_room(3));
    assert!(!producer.has_room(2));
}

#[test]
fn each_side_learns_that_the_other_is_gone() {
    let (mut producer, mut consumer) = channel();
    producer.push(1);
    assert!(!producer.is_closed() && !consumer.is_closed());
    drop(producer);
    assert!(consumer.is_closed());
    assert_eq!((consumer.pop(), consumer.pop()), (Some(1), None));

    let (mut producer, consumer) = channel();
    drop(consumer);
    assert!(producer.is_closed());
    producer.push(1);
    assert_eq!(producer.len(), 1);
}

/// Whichever side goes first, wherever in a chunk both stand, and whatever is pushed after the consumer went.
#[test]
fn everything_is_dropped_once() {
    for pushed in [0, 1, 63, 64, 65, 128, 130, 200] {
        for popped in [0, 1, 63, 64, 65, 128, 200] {
            for consumer_first in [false, true] {
                let value = Rc::new(());
                let (mut producer, mut consumer) = channel();
                (0..pushed).for_each(|_| producer.push(value.clone()));
                (0..popped).for_each(|_| drop(consumer.pop()));
                assert_eq!(Rc::strong_count(&value) - 1, pushed - popped.min(pushed));
                if consumer_first {
                    drop(consumer);
                    assert_eq!(Rc::strong_count(&value), 1);
                    (0..70).for_each(|_| producer.push(value.clone()));
                    drop(producer);
                } else {
                    drop(producer);
                    drop(consumer);
                }
                assert_eq!(Rc::strong_count(&value), 1, "pushed {pushed}, popped {popped}");
            }
        }
    }
}

#[test]
fn ring_wakes_who_is_interested_and_only_once() {
    let bell = Doorbell::new();
    let (reader, reader_waker) = Counter::new();
    let (both, both_waker) = Counter::new();
    assert_eq!(bell.ring(IN | OUT), 0);
    let mut reading = bell.register(IN, &reader_waker);
    let either = bell.register(IN | OUT, &both_waker);
    assert!(bell.has_waiters(IN) && bell.has_waiters(OUT) && !bell.has_waiters(4));
    assert_eq!(bell.ring(OUT), 1);
    assert_eq!((reader.wakes(), both.wakes()), (0, 1));
    assert!(reading.is_armed() && !either.is_armed() && !bell.has_waiters(OUT));
    assert_eq!(bell.ring(IN | OUT), 1);
    assert_eq!(bell.ring(IN | OUT), 0);
    assert_eq!((reader.wakes(), both.wakes()), (1, 1));

    reading.update(OUT, &both_waker);
    assert_eq!((bell.ring(IN), bell.ring(OUT)), (0, 1));
    assert_eq!((reader.wakes(), both.wakes()), (1, 2));
}

#[test]
fn update_replaces_interest_and_waker_of_an_armed_waiter() {
    let bell = Doorbell::new();
    let (first, first_waker) = Counter::new();
    let (second, second_waker) = Counter::new();
    let mut ticket = bell.register(IN, &first_waker);
    ticket.update(OUT, &second_waker);
    assert!(!bell.has_waiters(IN));
    assert_eq!(bell.ring(IN | OUT), 1);
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
    assert_eq!(Arc::strong_count(&first), 2, "the old waker is still held");
}

#[test]
fn a_cancelled_waiter_is_forgotten_and_a_stale_ticket_harms_nobody() {
    let bell = Doorbell::new();
    let (counter, waker) = Counter::new();
    assert!(bell.register(IN, &waker).cancel());
    drop(bell.register(IN, &waker));
    assert!(!bell.has_waiters(IN));
    let rung = bell.register(IN, &waker);
    bell.ring(IN);
    // The new waiter takes the place of the one that was rung; the old ticket must not cancel it.
    let fresh = bell.register(IN, &waker);
    assert!(!rung.cancel());
    assert!(fresh.is_armed());
    assert_eq!(bell.ring(IN), 1);
    assert_eq!(counter.wakes(), 2);
}

#[test]
fn a_crowd_is_woken_completely() {
    let bell = Doorbell::new();
    let (counter, waker) = Counter::new();
    let mut tickets: Vec<_> =
        (0..100).map(|n| bell.register(if n % 3 == 0 { OUT } else { IN }, &waker)).collect();
    tickets.truncate(50);
    assert_eq!(bell.ring(IN), 33);
    assert_eq!(bell.ring(IN | OUT), 17);
    assert_eq!(counter.wakes(), 50);
    assert!(tickets.iter().all(|ticket| !ticket.is_armed()));
}

/// Registers again from inside the wake, as an executor that polls at once does.
struct Again(Doorbell, std::sync::Mutex<Vec<Ticket>>);

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        let ticket = self.0.register(IN, &self.clone().into());
        self.1.lock().unwrap().push(ticket);
    }
}

#[test]
fn a_waker_may_use_the_bell_and_the_ring_ends() {
    let bell = Doorbell::new();
    let again = Arc::new(Again(bell.clone(), Default::default()));
    let tickets: Vec<_> = (0..20).map(|_| bell.register(IN, &again.clone().into())).collect();
    assert_eq!(bell.ring(IN), 20);
    assert_eq!(again.1.lock().unwrap().len(), 20);
    assert!(bell.has_waiters(IN));
    drop(tickets);
    again.1.lock().unwrap().clear();
    assert!(!bell.has_waiters(IN));
}

/// A waker whose last reference owns another ticket of the same bell, as a task that owns two waits does.
struct Owner(#[allow(dead_code, reason = "held to be dropped")] Ticket);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn dropping_a_waker_may_cancel_at_the_same_bell() {
    let bell = Doorbell::new();
    let (_, waker) = Counter::new();
    let owner: Waker = Arc::new(Owner(bell.register(IN, &waker))).into();
    let mut ticket = bell.register(OUT, &owner);
    drop(owner);
    ticket.update(OUT, &waker);
    assert!(!bell.has_waiters(IN));
    let owner: Waker = Arc::new(Owner(bell.register(IN, &waker))).into();
    let other = bell.register(OUT, &owner);
    drop(owner);
    assert!(other.cancel());
    assert!(!bell.has_waiters(IN));
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        std::panic::resume_unwind(Box::new("a waker that panics"));
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_else_asleep() {
    let bell = Doorbell::new();
    let (counter, waker) = Counter::new();
    let _tickets =
        [bell.register(IN, &waker), bell.register(IN, &Arc::new(Panics).into()), bell.register(IN, &waker)];
    assert_eq!(bell.ring(IN), 3);
    assert_eq!(counter.wakes(), 2);
}

#[test]
fn parker_remembers_one_wake() {
    let parker = Parker::new();
    parker.waker().wake_by_ref();
    parker.waker().wake_by_ref();
    parker.park();
    assert!(!parker.park_timeout(Duration::ZERO));
    assert!(!parker.park_deadline(Instant::now() + Duration::from_millis(2)));
    parker.waker().wake_by_ref();
    assert!(parker.park_deadline(Instant::now() - Duration::from_millis(2)));
    parker.waker().wake_by_ref();
    assert!(parker.park_timeout(Duration::MAX));
}

#[test]
fn parker_outlives_unparks_that_are_not_its_own() {
    let parker = Parker::new();
    std::thread::current().unpark();
    assert!(!parker.park_timeout(Duration::from_millis(2)));
    std::thread::current().unpark();
    let waker = parker.waker().clone();
    let waking = std::thread::spawn(move || waker.wake());
    parker.park();
    waking.join().unwrap();
}

#[test]
fn with_parker_reuses_per_thread_and_separates_nested_uses() {
    let first = with_parker(|parker| parker.waker().clone());
    with_parker(|outer| {
        assert_eq!(outer.waker().data(), first.data(), "the second use allocated");
        outer.waker().wake_by_ref();
        with_parker(|inner| {
            assert_ne!(inner.waker().data(), outer.waker().data());
            assert!(!inner.park_timeout(Duration::ZERO));
        });
        assert!(outer.park_timeout(Duration::ZERO), "the nested use took the wake");
        outer.waker().wake_by_ref();
    });
    with_parker(|parker| assert!(!parker.park_timeout(Duration::ZERO), "an old wake was left"));
}

#[test]
fn role_follows_its_table() {
    let role = Role::new();
    assert!(!role.is_held());
    assert!(role.try_acquire() && role.is_held());
    assert!(!role.release() && !role.is_held());
    assert!(role.try_acquire());
    assert!(!role.try_acquire());
    assert!(!role.try_acquire());
    assert!(role.release() && role.is_held());
    assert!(!role.release() && !role.is_held());
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "nobody holds")]
fn releasing_a_free_role_is_noticed() {
    let _ = Role::new().release();
}

#[test]
fn role_cell_repeats_the_work_that_was_asked_for_inside() {
    let cell = RoleCell::new(0);
    assert!(cell.run(|turns| {
        *turns += 1;
        if *turns < 3 {
            assert!(!cell.run(|_| unreachable!("two holders")));
        }
    }));
    let guard = cell.try_enter().unwrap();
    assert_eq!(*guard, 3);
    assert!(cell.try_enter().is_none());
    drop(guard);
    let guard = cell.try_enter().expect("a dropped guard frees the role");
    assert!(guard.leave().is_none());
    assert_eq!(cell.into_inner(), 3);
}

#[test]
fn role_cell_is_free_after_a_panic() {
    let cell = RoleCell::new(());
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        cell.run(|()| std::panic::resume_unwind(Box::new("work that panics")))
    }));
    assert!(outcome.is_err() && !cell.is_held());
}

#[test]
fn lock_says_whether_it_is_held() {
    let lock = Lock::new(1);
    let mut guard = lock.lock();
    *guard += 1;
    assert_eq!(
        (format!("{guard:?}"), format!("{lock:?}")),
        ("LockGuard(2)".into(), "Lock { held: true, .. }".into())
    );
    drop(guard);
    assert_eq!((format!("{lock:?}"), *lock.lock()), ("Lock { held: false, .. }".into(), 2));
    assert_eq!(lock.into_inner(), 2);
}

/// Also for a thread that was waiting when the holder panicked; it may come late, but not for ever.
#[test]
fn lock_is_usable_after_a_panic() {
    let lock = Lock::new(0);
    std::thread::scope(|scope| {
        let (begun, begin) = std::sync::mpsc::channel();
        let lock = &lock;
        let panicking = scope.spawn(move || {
            let mut guard = lock.lock();
            begun.send(()).unwrap();
            *guard = 1;
            std::panic::resume_unwind(Box::new("under the lock"));
        });
        begin.recv().unwrap();
        let waiting = scope.spawn(|| *lock.lock() += 1);
        assert!(panicking.join().is_err());
        waiting.join().unwrap();
    });
    assert_eq!(*lock.lock(), 2);
}
