//! Every interleaving and every permitted memory order of the small cases, and proof that the models would notice a
//! missing fence. Run with `RUSTFLAGS="--cfg loom" cargo test -p ohmq-queue --test loom`.
#![cfg(loom)]

use std::{
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc as StdArc,
        atomic::{AtomicUsize as Count, Ordering::SeqCst},
    },
};

use loom::{
    model::Builder,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread,
};
use ohmq_queue::{
    Doorbell, Lock, Parker, Role, RoleCell, Wish, channel,
    doorbell::{IN, OUT},
    mistake::{Mistake, ORDERINGS, plant},
};

/// Explores the model, with no more than `preemptions` involuntary switches where a bound is given.
fn explore(preemptions: impl Into<Option<usize>>, model: fn()) {
    plant(None);
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions.into();
    builder.check(model);
}

/// The model must fail when the mistake is planted, and for the reason expected.
fn notices(mistake: Mistake, reason: &str, model: fn()) {
    plant(Some(mistake));
    let mut builder = Builder::new();
    builder.preemption_bound = Some(2);
    let outcome = catch_unwind(AssertUnwindSafe(|| builder.check(model)));
    plant(None);
    let Err(panic) = outcome else { panic!("no model noticed {mistake:?}") };
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    assert!(text.is_some_and(|text| text.contains(reason)), "{mistake:?} was noticed as {text:?}");
}

/// Each mistake, how it shows, and the model that notices it.
const PLANTED: &[(Mistake, &str, fn())] = &[
    (Mistake::PublishRelaxed, "before its chunk was linked", queue_publishes),
    (Mistake::RecycleRelaxed, "Causality violation", queue_recycles),
    (Mistake::CloseRelaxed, "closed too early", queue_close_is_final),
    (Mistake::RingWithoutFence, "deadlock", bell_loses_no_wake),
    (Mistake::RegisterWithoutFence, "deadlock", bell_loses_no_wake),
    (Mistake::WakeRelaxed, "woken without what was done", parker_remembers),
    (Mistake::WakeWithoutUnpark, "deadlock", parker_remembers),
    (Mistake::RoleForgetsRequest, "a request was lost", role_serves::<2>),
    (Mistake::RoleRequestByLoad, "a request was lost", role_serves::<3>),
    (Mistake::LockAcquireRelaxed, "Causality violation", lock_counts::<2, 1>),
    (Mistake::LockReleaseRelaxed, "Causality violation", lock_counts::<2, 1>),
    (Mistake::LockReleaseWithoutFence, "deadlock", lock_held_from_the_start),
    (Mistake::LockWaitWithoutFence, "deadlock", lock_held_from_the_start),
    (Mistake::LockAnnouncesLate, "deadlock", lock_held_from_the_start),
    (Mistake::LockLooksOnce, "deadlock", lock_held_from_the_start),
    (Mistake::LockSleepsUnasked, "deadlock", lock_with_two_waiters),
    (Mistake::LockForgetsOthers, "deadlock", lock_with_two_waiters),
    (Mistake::LockClearsUnseen, "deadlock", lock_held_from_the_start),
    (Mistake::BiasEntersWithoutFence, "Causality violation", lock_with_a_favourite),
    (Mistake::BiasRevokesWithoutFence, "Causality violation", lock_with_a_favourite),
    (Mistake::BiasLooksOnce, "Causality violation", lock_with_a_favourite),
    (Mistake::BiasDoesNotWait, "Causality violation", lock_with_a_favourite),
    (Mistake::BiasLeavesRelaxed, "Causality violation", lock_with_a_favourite),
    (Mistake::BiasRevokesRelaxed, "Causality violation", lock_with_a_favourite),
    (Mistake::WishMadeWithoutFence, "deadlock", wish_is_told),
    (Mistake::WishSeenWithoutFence, "deadlock", wish_is_told),
];

#[test]
fn every_planted_mistake_is_noticed() {
    for mistake in ORDERINGS {
        assert!(PLANTED.iter().any(|(planted, ..)| planted == mistake), "no model is to notice {mistake:?}");
    }
    for (mistake, reason, model) in PLANTED {
        notices(*mistake, reason, *model);
    }
}

// spsc ------------------------------------------------------------------------------------------------------------

/// Five values through chunks of two, so that a chunk is recycled; what the consumer misses is there afterwards.
fn queue_keeps_order() {
    let (mut producer, mut consumer) = channel();
    let pushing = thread::spawn(move || {
        for number in 0..5 {
            producer.push(Arc::new(number));
        }
    });
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.extend(consumer.pop().map(|value| *value));
    }
    pushing.join().unwrap();
    seen.extend(consumer.drain().map(|value| *value));
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    assert!(consumer.pop().is_none() && consumer.is_closed());
}

/// What is popped was completely written. When a mistake is planted the consumer must not pop again while it unwinds.
fn queue_publishes() {
    let (mut producer, consumer) = channel();
    let mut consumer = ManuallyDrop::new(consumer);
    let pushing = thread::spawn(move || producer.push(1));
    assert!(matches!(consumer.pop(), None | Some(1)));
    pushing.join().unwrap();
    drop(ManuallyDrop::into_inner(consumer));
}

/// The producer reuses chunks that the consumer has read: neither may touch a place while the other does.
fn queue_recycles() {
    let (mut producer, mut consumer) = channel();
    for number in 0..3 {
        producer.push(number);
    }
    let popping = thread::spawn(move || {
        assert_eq!((consumer.pop(), consumer.pop(), consumer.pop()), (Some(0), Some(1), Some(2)));
        consumer
    });
    for number in 3..6 {
        producer.push(number);
    }
    let mut consumer = popping.join().unwrap();
    assert_eq!(consumer.drain().collect::<Vec<_>>(), [3, 4, 5]);
}

/// loom reports a value (a loom `Arc`) that is never dropped.
fn queue_frees_everything() {
    let (mut producer, mut consumer) = channel();
    let value = Arc::new(());
    let pushed = value.clone();
    let pushing = thread::spawn(move || {
        for _ in 0..3 {
            producer.push(pushed.clone());
        }
    });
    drop(consumer.pop());
    drop(consumer);
    pushing.join().unwrap();
    assert_eq!(Arc::strong_count(&value), 1);
}

/// `is_closed` says true only when all that was pushed can be popped.
fn queue_close_is_final() {
    let (mut producer, mut consumer) = channel();
    let pushing = thread::spawn(move || {
        producer.push(1);
        producer.push(2);
    });
    if consumer.is_closed() {
        assert_eq!((consumer.pop(), consumer.pop()), (Some(1), Some(2)), "closed too early");
        assert_eq!(consumer.pop(), None);
    }
    pushing.join().unwrap();
}

/// The producer never counts too few, the consumer never too many.
fn queue_counts_safely() {
    let (mut producer, mut consumer) = channel();
    let begun = StdArc::new(Count::new(0));
    let begun_too = begun.clone();
    producer.push(0);
    producer.push(0);
    let popping = thread::spawn(move || {
        for _ in 0..2 {
            begun_too.fetch_add(1, SeqCst);
            let promised = consumer.len();
            assert!(promised <= 3);
            for _ in 0..promised.min(1) {
                assert!(consumer.pop().is_some(), "promised {promised}");
            }
        }
        consumer
    });
    producer.push(0);
    let len = producer.len();
    assert!(len <= 3 && len + begun.load(SeqCst) >= 3, "counted {len}");
    let had_room = producer.has_room(3);
    assert!(!had_room || begun.load(SeqCst) > 0);
    let consumer = popping.join().unwrap();
    assert_eq!((producer.len(), consumer.len()), (1, 1));
}

#[test]
fn spsc_keeps_order_across_chunks() {
    explore(None, queue_keeps_order);
}

#[test]
fn spsc_publishes_whole_values() {
    explore(None, queue_publishes);
}

#[test]
fn spsc_recycles_without_a_race() {
    explore(None, queue_recycles);
}

#[test]
fn spsc_frees_everything() {
    explore(None, queue_frees_everything);
}

#[test]
fn spsc_close_is_final() {
    explore(None, queue_close_is_final);
}

#[test]
fn spsc_counts_safely() {
    explore(None, queue_counts_safely);
}

// doorbell and parker ---------------------------------------------------------------------------------------------

/// Blocks as every blocking call of the engine does. A lost wake-up is a deadlock, which loom reports.
fn wait_until(bell: &Doorbell, interest: u8, mut holds: impl FnMut() -> bool) {
    let parker = Parker::new();
    let mut ticket = bell.register(interest, parker.waker());
    while !holds() {
        parker.park();
        ticket.update(interest, parker.waker());
    }
}

/// The condition is relaxed, so nothing but the two fences orders it.
fn bell_loses_no_wake() {
    let bell = Doorbell::new();
    let condition = Arc::new(AtomicBool::new(false));
    let ringing = {
        let (bell, condition) = (bell.clone(), condition.clone());
        thread::spawn(move || {
            condition.store(true, Relaxed);
            bell.ring(IN);
        })
    };
    wait_until(&bell, IN, || condition.load(Relaxed));
    ringing.join().unwrap();
    assert!(!bell.has_waiters(IN | OUT));
}

/// Two values, each rung for; the consumer sleeps on an empty queue.
fn bell_and_queue() {
    let bell = Doorbell::new();
    let (mut producer, mut consumer) = channel();
    let pushing = {
        let bell = bell.clone();
        thread::spawn(move || {
            for number in 0..2 {
                producer.push(number);
                bell.ring(IN);
            }
        })
    };
    for expected in 0..2 {
        wait_until(&bell, IN, || consumer.pop().is_some_and(|got| got == expected));
    }
    pushing.join().unwrap();
}

/// Waiters of different interest, one bell: the ring for one must not swallow the other's.
fn bell_with_two_waiters() {
    let bell = Doorbell::new();
    let (readable, writable) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let reading = {
        let (bell, readable) = (bell.clone(), readable.clone());
        thread::spawn(move || wait_until(&bell, IN, || readable.load(Relaxed)))
    };
    let writing = {
        let (bell, writable) = (bell.clone(), writable.clone());
        thread::spawn(move || wait_until(&bell, OUT, || writable.load(Relaxed)))
    };
    readable.store(true, Relaxed);
    bell.ring(IN);
    writable.store(true, Relaxed);
    bell.ring(OUT);
    reading.join().unwrap();
    writing.join().unwrap();
}

/// Two ringers: the second finds the waiter taken out by the first, and still its change is seen.
fn bell_with_two_ringers() {
    let bell = Doorbell::new();
    let changes = Arc::new(AtomicUsize::new(0));
    let ringers = [(); 2].map(|()| {
        let (bell, changes) = (bell.clone(), changes.clone());
        thread::spawn(move || {
            changes.fetch_add(1, Relaxed);
            bell.ring(IN);
        })
    });
    wait_until(&bell, IN, || changes.load(Relaxed) == 2);
    for each in ringers {
        each.join().unwrap();
    }
}

/// A waiter that gives up while it is rung: whatever wins, another waiter is woken all the same.
fn bell_with_a_cancelled_waiter() {
    let bell = Doorbell::new();
    let condition = Arc::new(AtomicBool::new(false));
    let giving_up = bell.register(IN, std::task::Waker::noop());
    let ringing = {
        let (bell, condition) = (bell.clone(), condition.clone());
        thread::spawn(move || {
            condition.store(true, Relaxed);
            bell.ring(IN);
        })
    };
    let cancelling = thread::spawn(move || giving_up.cancel());
    wait_until(&bell, IN, || condition.load(Relaxed));
    ringing.join().unwrap();
    cancelling.join().unwrap();
    assert!(!bell.has_waiters(IN));
}

/// The wake may come before, during or after the step to park; what was done before it is visible after.
fn parker_remembers() {
    let parker = Parker::new();
    let done = Arc::new(AtomicUsize::new(0));
    let waking = {
        let (waker, done) = (parker.waker().clone(), done.clone());
        thread::spawn(move || {
            done.store(1, Relaxed);
            waker.wake();
        })
    };
    parker.park();
    assert_eq!(done.load(Relaxed), 1, "woken without what was done before");
    waking.join().unwrap();
}

/// Two wakes count as one or as two, but the changes before both are seen in the end.
fn parker_with_two_wakers() {
    let parker = Parker::new();
    let done = Arc::new(AtomicUsize::new(0));
    let wakers = [(); 2].map(|()| {
        let (waker, done) = (parker.waker().clone(), done.clone());
        thread::spawn(move || {
            done.fetch_add(1, Relaxed);
            waker.wake_by_ref();
        })
    });
    while done.load(Relaxed) < 2 {
        parker.park();
    }
    for each in wakers {
        each.join().unwrap();
    }
}

#[test]
fn doorbell_loses_no_wake() {
    explore(None, bell_loses_no_wake);
}

#[test]
fn doorbell_feeds_a_sleeping_consumer() {
    explore(3, bell_and_queue);
}

#[test]
fn doorbell_keeps_interests_apart() {
    explore(2, bell_with_two_waiters);
}

#[test]
fn doorbell_serves_two_ringers() {
    explore(2, bell_with_two_ringers);
}

#[test]
fn doorbell_survives_a_cancelled_waiter() {
    explore(3, bell_with_a_cancelled_waiter);
}

#[test]
fn parker_remembers_a_wake() {
    explore(None, parker_remembers);
}

#[test]
fn parker_takes_wakes_from_two_threads() {
    explore(3, parker_with_two_wakers);
}

// role ------------------------------------------------------------------------------------------------------------

/// Each thread leaves a request and tries the role once. All requests are seen when all threads are done, and loom
/// watches the cell, so two holders at once would be a race.
fn role_serves<const THREADS: usize>() {
    let requests = Arc::new([(); THREADS].map(|()| AtomicUsize::new(0)));
    let cell = Arc::new(RoleCell::new([0; THREADS]));
    let flush = {
        let (cell, requests) = (cell.clone(), requests.clone());
        move |who: usize| {
            requests[who].store(1, Relaxed);
            cell.run(|seen| {
                for (seen, request) in seen.iter_mut().zip(requests.iter()) {
                    *seen = request.load(Relaxed);
                }
            });
        }
    };
    let mut others = Vec::new();
    for who in 1..THREADS {
        let flush = flush.clone();
        others.push(thread::spawn(move || flush(who)));
    }
    flush(0);
    drop(flush);
    for each in others {
        each.join().unwrap();
    }
    assert!(!cell.is_held());
    let cell = Arc::try_unwrap(cell).ok().unwrap();
    assert_eq!(cell.into_inner(), [1; THREADS], "a request was lost");
}

/// The bare machine, used as a driver does that keeps its state elsewhere.
fn role_alone() {
    let role = Arc::new(Role::new());
    let inside = Arc::new(AtomicUsize::new(0));
    let turn = {
        let (role, inside) = (role.clone(), inside.clone());
        move || {
            if role.try_acquire() {
                loop {
                    assert_eq!(inside.fetch_add(1, Relaxed), 0, "two holders");
                    inside.fetch_sub(1, Relaxed);
                    if !role.release() {
                        break;
                    }
                }
            }
        }
    };
    let others = [turn.clone(), turn.clone()].map(thread::spawn);
    turn();
    for each in others {
        each.join().unwrap();
    }
    assert!(!role.is_held());
}

#[test]
fn role_loses_no_request() {
    explore(None, role_serves::<2>);
    explore(2, role_serves::<3>);
}

#[test]
fn role_has_one_holder() {
    explore(3, role_alone);
}

// lock ------------------------------------------------------------------------------------------------------------

// Shared by std's `Arc`: loom's switches threads when it is dropped, also while a planted mistake unwinds.

/// Each thread adds to the value once for each of its turns. loom watches the value, so two holders at once would be a
/// race; a lost wake-up is a deadlock.
fn lock_counts<const THREADS: usize, const TURNS: usize>() {
    let lock = StdArc::new(Lock::new(0));
    let turns = |lock: &Lock<usize>| (0..TURNS).for_each(|_| *lock.lock() += 1);
    let mut others = Vec::new();
    for _ in 1..THREADS {
        let lock = lock.clone();
        others.push(thread::spawn(move || turns(&lock)));
    }
    turns(&lock);
    for each in others {
        each.join().unwrap();
    }
    assert_eq!(*lock.lock(), THREADS * TURNS);
}

/// The other thread is sure to have to wait, if it comes before the release; what was done before is visible after.
fn lock_held_from_the_start() {
    let lock = StdArc::new(Lock::new(0));
    let guard = lock.lock();
    let waiting = {
        let lock = lock.clone();
        thread::spawn(move || *lock.lock() += 1)
    };
    drop(guard);
    waiting.join().unwrap();
    assert_eq!(*lock.lock(), 1);
}

/// Two sleepers and one holder that releases once: the first to be woken has to wake the second.
fn lock_with_two_waiters() {
    let lock = StdArc::new(Lock::new(0));
    let mut guard = lock.lock();
    let waiting = [(); 2].map(|()| {
        let lock = lock.clone();
        thread::spawn(move || *lock.lock() += 1)
    });
    *guard += 1;
    drop(guard);
    for each in waiting {
        each.join().unwrap();
    }
    assert_eq!(*lock.lock(), 3);
}

/// This thread is the favourite when the other one comes.
fn lock_with_a_favourite() {
    let lock = StdArc::new(Lock::new(0));
    (0..2).for_each(|_| *lock.lock() += 1);
    let other = {
        let lock = lock.clone();
        thread::spawn(move || *lock.lock() += 1)
    };
    *lock.lock() += 1;
    other.join().unwrap();
    assert_eq!(*lock.lock(), 4);
}

/// The favour goes from this thread to the other while both use the lock.
fn lock_with_two_favourites() {
    let lock = StdArc::new(Lock::new(0));
    (0..2).for_each(|_| *lock.lock() += 1);
    let other = {
        let lock = lock.clone();
        thread::spawn(move || (0..3).for_each(|_| *lock.lock() += 1))
    };
    (0..2).for_each(|_| *lock.lock() += 1);
    other.join().unwrap();
    assert_eq!(*lock.lock(), 7);
}

#[test]
fn lock_wakes_the_waiter() {
    explore(None, lock_held_from_the_start);
}

#[test]
fn lock_has_one_holder() {
    explore(3, lock_counts::<2, 2>);
    explore(2, lock_counts::<3, 1>);
}

#[test]
fn lock_wakes_both_waiters() {
    explore(3, lock_with_two_waiters);
}

#[test]
fn lock_has_one_holder_with_a_favourite() {
    explore(None, lock_with_a_favourite);
}

#[test]
fn lock_favours_one_after_the_other() {
    explore(2, lock_with_two_favourites);
}

// wish ------------------------------------------------------------------------------------------------------------

/// Two changes, of which each is told if there is a wish for it; the conditions are relaxed, so nothing but the two fences
/// orders them.
fn wishing(favours: bool) {
    let wish = Arc::new(Wish::new(false));
    let changes = Arc::new(AtomicUsize::new(0));
    let parker = Parker::new();
    let acting = {
        let (wish, changes, waker) = (wish.clone(), changes.clone(), parker.waker().clone());
        thread::spawn(move || {
            for change in 1..=2 {
                changes.store(change, Relaxed);
                if wish.take() {
                    waker.wake_by_ref();
                }
            }
        })
    };
    for wanted in 1..=2 {
        loop {
            wish.make();
            if changes.load(Relaxed) >= wanted {
                break;
            }
            parker.park();
        }
        wish.withdraw();
        if favours {
            wish.favour();
        }
    }
    acting.join().unwrap();
}

fn wish_is_told() {
    wishing(false);
}

fn wish_with_a_favour() {
    wishing(true);
}

#[test]
fn wish_misses_no_change() {
    explore(5, wish_is_told);
}

#[test]
fn wish_misses_no_change_of_a_favourite() {
    explore(5, wish_with_a_favour);
}
