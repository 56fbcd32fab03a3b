//! The parts under real threads, with exact counts and no sleeps: what must come out is what went in.
#![cfg(not(loom))]

use std::{
    hint::spin_loop,
    sync::{
        Arc, Barrier,
        atomic::{
            AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    thread,
    time::{Duration, Instant},
};

use ohmq_queue::{
    Doorbell, Lock, RoleCell, channel,
    doorbell::{IN, OUT},
    with_parker,
};

/// Miri is some thousand times slower.
const fn scaled(count: usize) -> usize {
    if cfg!(miri) { count / 2_000 } else { count }
}

fn wait_until<R>(bell: &Doorbell, interest: u8, mut ready: impl FnMut() -> Option<R>) -> R {
    if let Some(result) = ready() {
        return result;
    }
    with_parker(|parker| {
        let mut ticket = bell.register(interest, parker.waker());
        loop {
            if let Some(result) = ready() {
                return result;
            }
            parker.park();
            ticket.update(interest, parker.waker());
        }
    })
}

#[test]
fn a_million_values_in_order_past_a_sleeping_consumer() {
    let count = scaled(1_000_000);
    let bell = Doorbell::new();
    let (mut producer, mut consumer) = channel();
    let pushing = {
        let bell = bell.clone();
        thread::spawn(move || {
            for number in 0..count {
                // A heap value: Miri and a debug allocator see what is lost or freed twice.
                producer.push(Box::new(number));
                bell.ring(IN);
            }
        })
    };
    for expected in 0..count {
        assert_eq!(*wait_until(&bell, IN, || consumer.pop()), expected);
    }
    pushing.join().unwrap();
    assert!(consumer.is_closed() && consumer.pop().is_none());
}

/// A high-water mark kept by both sides: the producer sleeps for room, the consumer for values.
#[test]
fn a_bounded_pipe_never_exceeds_its_limit() {
    let (count, limit) = (scaled(300_000), 10);
    let bell = Doorbell::new();
    let (mut producer, mut consumer) = channel();
    let pushing = {
        let bell = bell.clone();
        thread::spawn(move || {
            for number in 0..count {
                wait_until(&bell, OUT, || producer.has_room(limit).then_some(()));
                producer.push(number);
                bell.ring(IN);
            }
        })
    };
    for expected in 0..count {
        assert!(consumer.len() <= limit);
        assert_eq!(wait_until(&bell, IN, || consumer.pop()), expected);
        bell.ring(OUT);
    }
    pushing.join().unwrap();
}

#[test]
fn a_round_trip_never_hangs() {
    let rounds = scaled(20_000);
    let bell = Doorbell::new();
    let (mut there, mut from_here) = channel();
    let (mut back, mut from_there) = channel();
    let echoing = {
        let bell = bell.clone();
        thread::spawn(move || {
            for _ in 0..rounds {
                back.push(wait_until(&bell, IN, || from_here.pop()));
                bell.ring(OUT);
            }
        })
    };
    for round in 0..rounds {
        there.push(round);
        bell.ring(IN);
        assert_eq!(wait_until(&bell, OUT, || from_there.pop()), round);
    }
    echoing.join().unwrap();
    assert!(!bell.has_waiters(IN | OUT));
}

/// Many waiters, many ringers: each waiter sees each of its steps, whoever rings first.
#[test]
fn every_waiter_sees_every_change() {
    let steps = scaled(20_000);
    let bell = Doorbell::new();
    let changes = Arc::new(AtomicUsize::new(0));
    let waiters: Vec<_> = (0..4)
        .map(|_| {
            let (bell, changes) = (bell.clone(), changes.clone());
            thread::spawn(move || {
                let mut seen = 0;
                while seen < 2 * steps {
                    seen = wait_until(&bell, IN, || Some(changes.load(Relaxed)).filter(|now| *now > seen));
                }
            })
        })
        .collect();
    let ringers: Vec<_> = (0..2)
        .map(|_| {
            let (bell, changes) = (bell.clone(), changes.clone());
            thread::spawn(move || {
                for _ in 0..steps {
                    changes.fetch_add(1, Relaxed);
                    bell.ring(IN);
                }
            })
        })
        .collect();
    for each in waiters.into_iter().chain(ringers) {
        each.join().unwrap();
    }
}

/// As a connection's writer: several threads append, exactly one flushes, nothing stays behind.
#[test]
fn no_flush_request_is_lost() {
    let (threads, requests) = (4, scaled(200_000));
    let made = Arc::new(AtomicUsize::new(0));
    let flushed = Arc::new(RoleCell::new(0));
    let start = Arc::new(Barrier::new(threads));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (made, flushed, start) = (made.clone(), flushed.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                for _ in 0..requests {
                    made.fetch_add(1, Relaxed);
                    flushed.run(|flushed| {
                        let before = std::mem::replace(flushed, made.load(Relaxed));
                        assert!(before <= *flushed);
                    });
                }
            })
        })
        .collect();
    for each in workers {
        each.join().unwrap();
    }
    let flushed = Arc::try_unwrap(flushed).unwrap().into_inner();
    assert_eq!(flushed, threads * requests);
}

/// Two fields: who came between would see them differ.
fn count_up(lock: &Lock<(usize, usize)>) {
    let mut value = lock.lock();
    value.0 += 1;
    assert_eq!(value.0 - 1, value.1);
    value.1 += 1;
}

/// More threads than CPUs, so that holders are pre-empted and waiters sleep.
#[test]
fn a_lock_counts_exactly_under_contention() {
    let (threads, turns) = (8, scaled(200_000));
    let lock = Lock::new((0, 0));
    let begin = Barrier::new(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                begin.wait();
                (0..turns).for_each(|_| count_up(&lock));
            });
        }
    });
    assert_eq!(*lock.lock(), (threads * turns, threads * turns));
}

/// Another thread looks in again and again: each time it ends the favour of whoever had it all to itself until then.
#[test]
fn a_lock_counts_exactly_when_its_favourite_changes() {
    let turns = scaled(2_000_000);
    let lock = Lock::new((0, 0));
    let visits = thread::scope(|scope| {
        let favourites: Vec<_> =
            (0..2).map(|_| scope.spawn(|| (0..turns).for_each(|_| count_up(&lock)))).collect();
        let mut visits = 0;
        while !favourites.iter().all(|each| each.is_finished()) {
            count_up(&lock);
            visits += 1;
            // Long enough for a favour to be granted again.
            (0..visits % 5_000).for_each(|_| std::hint::spin_loop());
        }
        visits
    });
    assert_eq!(*lock.lock(), (2 * turns + visits, 2 * turns + visits));
}

/// The lock goes to and fro, so that most turns sleep: nobody gets on unless every wake-up arrives.
#[test]
fn a_lock_wakes_through_many_short_sleeps() {
    let turns = scaled(20_000);
    let lock = Lock::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..turns {
                    let mut value = lock.lock();
                    // A holder that leaves the CPU: the others' spinning ends before it is back.
                    thread::yield_now();
                    *value += 1;
                }
            });
        }
    });
    assert_eq!(lock.into_inner(), 3 * turns);
}

/// One release in each turn: a waiter that it does not wake sleeps for ever. It comes at about the time when the waiter
/// has spun enough and announces itself, so here the machine's own reordering would show, which no model proves.
#[test]
fn a_lock_wakes_by_its_only_release() {
    let turns = scaled(30_000);
    let lock = Lock::new(0);
    let (going, seen, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let reach = |place: &AtomicUsize, turn| {
        while place.load(Acquire) != turn {
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            for turn in 1..=turns {
                reach(&going, turn);
                seen.store(turn, Release);
                *lock.lock() += 1;
                done.store(turn, Release);
            }
        });
        for turn in 1..=turns {
            let mut value = lock.lock();
            going.store(turn, Release);
            reach(&seen, turn);
            let begin = Instant::now();
            let held = Duration::from_nanos(1_000 + (turn as u64 * 7_919) % 8_000);
            while begin.elapsed() < held {
                spin_loop();
            }
            *value += 1;
            drop(value);
            reach(&done, turn);
        }
    });
    assert_eq!(lock.into_inner(), 2 * turns);
}
