//! Steady state allocates nothing: counted by an allocator that counts what this test's thread asks for.
#![cfg(not(loom))]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    time::Duration,
};

use ohmq_queue::{Doorbell, channel, doorbell::IN, with_parker};

struct Counting;

std::thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn a_queue_that_is_popped_allocates_nothing() {
    let (mut producer, mut consumer) = channel::<[u64; 9]>();
    let mut turn = |burst: usize| {
        (0..burst).for_each(|_| producer.push([0; 9]));
        assert_eq!(consumer.drain().count(), burst);
    };
    turn(100);
    for burst in [1, 7, 32, 64] {
        let count = allocations(|| (0..1_000).for_each(|_| turn(burst)));
        println!("1,000 bursts of {burst}: {count} allocations");
        assert_eq!(count, 0);
    }
}

#[test]
fn an_idle_queue_has_no_chunk() {
    let count = allocations(|| drop(channel::<[u64; 9]>()));
    assert_eq!(count, 1);
}

#[test]
fn a_blocking_call_allocates_nothing_after_the_first() {
    let bell = Doorbell::new();
    let call = || {
        with_parker(|parker| {
            let mut ticket = bell.register(IN, parker.waker());
            bell.ring(IN);
            parker.park();
            ticket.update(IN, parker.waker());
            assert!(!parker.park_timeout(Duration::ZERO));
        });
    };
    call();
    let count = allocations(|| (0..1_000).for_each(|_| call()));
    println!("1,000 blocking calls: {count} allocations");
    assert_eq!(count, 0);
}
